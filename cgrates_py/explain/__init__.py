"""Explains prices and charges to callers, and has them recomputed by the oracle."""
