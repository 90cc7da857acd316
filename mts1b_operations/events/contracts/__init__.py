"""The contracts: one file a topic, one class an event."""
