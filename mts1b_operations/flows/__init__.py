"""Compositions of sources, operators and sinks; no logic of their own."""
