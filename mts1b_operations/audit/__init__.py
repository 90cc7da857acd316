"""The tamper-evident record of every state change: a hash chain in PostgreSQL."""
