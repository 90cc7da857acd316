"""Supervised long-running processes."""
