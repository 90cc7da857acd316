"""The embedded stack: real NATS, PostgreSQL and OpenBao from wheels, on loopback."""
