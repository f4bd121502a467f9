"""What an operator chooses about Cyclops RC; ``cgrates_py.settings`` has the settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CyclopsOptions:
    """How often the scheduler runs, where usage comes from, and what a dynamic rate is."""

    frequency_s: int = 300
    udr_url: str = ""
    """Usage and meters of this UDR service instead of our own."""
    rule: str = ""
    """A formula for dynamic rates."""
    rule_engine_url: str = ""
    """A service that tells them. Without either they are 1, 2 or 3 at random."""
