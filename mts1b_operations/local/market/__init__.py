"""The simulated market of the demo: a known past, so that what the watchdogs say can be marked."""
