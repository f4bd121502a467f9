"""Cyclops RC in a rater: rates of resources, usage by meters, charges, and a scheduler."""

from cgrates_py.usage.cyclops.dialect import Cyclops, make_cyclops
from cgrates_py.usage.cyclops.options import CyclopsOptions

__all__ = ["Cyclops", "CyclopsOptions", "make_cyclops"]
