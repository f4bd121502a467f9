"""Holds README and docs/ to the product: examples run, tables agree, links lead somewhere."""
