"""VPIN: how one-sided the flow of a symbol is, per equal volume."""

from mts1b_operations.watchdogs.vpin.watchdog import Vpin

__all__ = ["Vpin"]
