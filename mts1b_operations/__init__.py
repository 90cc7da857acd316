"""Observability and governance of a multi-strategy trading system."""
