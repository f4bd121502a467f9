"""Hostile clients: fuzzers of every wire, and pressure by many, slow and greedy connections."""

from stress.hostile.command import main

__all__ = ["main"]
