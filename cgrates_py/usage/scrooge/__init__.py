"""Scrooge: services push what was used each day, and everyone can read what was pushed and what it costs."""

from cgrates_py.usage.scrooge.dialect import Scrooge

__all__ = ["Scrooge"]
