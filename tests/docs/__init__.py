"""Holds README and docs/ to what the product does: every example runs, every table agrees, every link leads."""
