"""Volatility against target, drawdown and daily loss of a fund and of its strategies."""

from mts1b_operations.watchdogs.portfolio_vol_dd.watchdog import PortfolioVolDd

__all__ = ["PortfolioVolDd"]
