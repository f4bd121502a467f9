"""Metered usage in a rater: the catalogue in memory, credentials, requests, reports, administration."""
