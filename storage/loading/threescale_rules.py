"""What a catalogue of metered usage must be, whoever writes it. A rule tells the flaw in words, or None."""

from collections.abc import Sequence
from itertools import pairwise

from rater.metering.catalogue import Metric, MetricRate, Tier

TEXT_MAX = 255
"""Characters of an id, a name or a key."""
URL_MAX = 4096
"""Characters of a redirect URL: browsers and proxies pass on no longer one."""
INTEGER_MAX = (1 << 63) - 1
METRICS_MAX = 1_000
"""Metrics of one service: all of them are in its document, which raters read as one."""
LIMITS_MAX = 20_000
"""Limits of one service, likewise."""
RATES_MAX = 10_000
"""Rates of one service, likewise."""
TIERS_MAX = 100
"""Tiers of one rate."""
KEYS_MAX = 1_000
"""Application keys, user keys and referrer filters of one application, of each; answers list fewer."""


def text_flaw(text: str, longest: int = TEXT_MAX) -> str | None:
    """Look at a text that is to be shown and sent: short, and no character that steers or is half of one."""
    if len(text) > longest:
        return f"at most {longest} characters, got {len(text)}"
    if any(ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 or 0xD800 <= ord(each) <= 0xDFFF for each in text):
        return "no control characters"
    return None


def metric_flaw(metrics: Sequence[Metric], metric: Metric) -> tuple[str, str] | None:
    """Look at one of the metrics of a service: its name is its own, and its parents are a line that ends.

    Tells the member that is wrong, and why.
    """
    if any(each.name == metric.name for each in metrics if each.metric_id != metric.metric_id):
        return "name", f'another metric has the name "{metric.name}"'
    parents = {each.metric_id: each.parent_id for each in metrics}
    above = metric.parent_id
    for _ in range(len(metrics) + 1):
        if not above:
            return None
        if above == metric.metric_id:
            return "parent_id", f'metric "{metric.metric_id}" would be its own ancestor'
        if above not in parents:
            return "parent_id", f'there is no metric "{above}"'
        above = parents[above]
    return "parent_id", f'an ancestor of metric "{metric.metric_id}" is its own ancestor'


def tiers_flaw(tiers: Sequence[Tier]) -> str | None:
    """Look at the tiers of a rate: they begin at 0 and rise."""
    if not tiers or tiers[0].start != 0:
        return "a first tier that starts at 0"
    if any(later.start <= earlier.start for earlier, later in pairwise(tiers)):
        return "starts that rise"
    return None


def repeated_rates(rates: Sequence[MetricRate]) -> list[int]:
    """Find the places of rates of the same metric and plan, from the same instant on, as one before them."""
    seen: set[tuple[str, str, int]] = set()
    places = []
    for place, rate in enumerate(rates):
        named = (rate.metric_id, rate.plan_id, rate.from_ns)
        if named in seen:
            places.append(place)
        seen.add(named)
    return places
