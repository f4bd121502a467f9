"""Deterministic simulation: the product's own code in one process, on simulated time, network and disk."""

from stress.simulate.command import main

__all__ = ["main"]
