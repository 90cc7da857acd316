"""Pure numerics: no I/O, no clock, no engine."""
