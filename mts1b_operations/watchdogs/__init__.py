"""The watchdogs: pure folds from events to measurements, and the policy that all of them share."""
