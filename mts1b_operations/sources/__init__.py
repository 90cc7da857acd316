"""Where events come from: JetStream partitions, and recorded files."""
