"""What all watchdogs share: their shape, their measurements, and how those are judged and told."""
