"""Counters of usage as values, and how usage adds to them.

An account's counters are a map: name of a series → cell (``rater.metering.period``) → number. A series is one
metric of one application. Nobody changes a map in place.
"""

from collections.abc import Mapping

Usage = Mapping[str, Mapping[int, int]]
