"""Steps of the dataflows: decoding, and the shards that hold all state."""
