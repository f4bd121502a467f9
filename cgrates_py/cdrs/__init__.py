"""Reads files of call records however switches lay them out, rates them in columns and writes what they cost."""
