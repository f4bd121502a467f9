"""Reads files of call records as switches lay them out, rates them in columns, writes what they cost."""
