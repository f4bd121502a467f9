"""Rates written as one line of a table: ``0:0.10 100:0.05 package=10 per=1000 over=month whole``."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from rater.instant import parse
from rater.metering.catalogue import MetricRate, Tier
from rater.metering.period import LABELS
from rater.metering.pricing import cost


def rate(line: str, metric_id: str = "hits", plan_id: str = "", begins: int | str = 0) -> MetricRate:
    made = MetricRate(metric_id, (), plan_id, instant(begins) if isinstance(begins, str) else begins)
    for word in line.split():
        name, _, value = word.partition("=")
        start, _, price = word.partition(":")
        match name:
            case "whole":
                made = replace(made, whole=True)
            case "package":
                made = replace(made, package=int(value))
            case "per":
                made = replace(made, per=int(value))
            case "over":
                made = replace(made, over=LABELS[value])
            case _:
                made = replace(made, tiers=(*made.tiers, Tier(int(start), Decimal(price))))
    return made


def paid(priced: MetricRate, calls: list[int], before: int = 0) -> list[Fraction]:
    """Price calls one after the other, each on top of those before it where the rate looks back."""
    costs = []
    for units in calls:
        costs.append(cost(priced, units, before if priced.over is not None else 0))
        before += units
    return costs


def instant(text: str) -> int:
    return parse(text)[0]
