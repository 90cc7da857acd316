"""Telling people: what a notice says, the bounded queue of notices, and who sends them."""
