"""One file a command of `mts1b-operations`."""
