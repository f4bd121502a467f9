"""HTTP: every dialect is a thin translation of requests into calls of the same raters."""
