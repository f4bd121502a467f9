"""Keeps what the domain decided: the store adapters, the records, the loaders of tariffs."""
