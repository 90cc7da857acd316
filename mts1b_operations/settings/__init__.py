"""Where the program is told what to do: connections, and the settings of the watchdogs."""
