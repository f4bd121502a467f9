"""Counted usage: metrics, limits per calendar period, prices per unit. Pure, like all of the core."""
