"""Stylizers, and the networks and losses behind them."""
