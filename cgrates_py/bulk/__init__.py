"""Rates columns of calls at once: exactly what the rating core says of each, with one numpy pass for many."""
