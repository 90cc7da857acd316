"""The command line: `mts1b-operations`."""
