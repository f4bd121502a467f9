"""An explanation for eyes: its sentences, and its steps as tables."""

from typing import Any

import typer

from cgrates_py.cli.tables import out, records
from cgrates_py.client import plain_json
from cgrates_py.visible import visible

Document = dict[str, Any]


def show(result: bytes) -> None:
    """Show what Responder.Explain answered."""
    told: Document = plain_json(result)
    typer.echo(visible(told["Sentence"]))
    for charge in told["Charges"]:
        typer.echo(visible(charge["Sentence"]))
    if "Verified" in told:
        typer.echo(visible(_verdict(told["Verified"])))
    console = out()
    if told["Code"]:
        console.print(records("conditions", told["Conditions"]))
    if told["Spans"]:
        console.print(records("spans", [_span(each) for each in told["Spans"]]))
    if told["Minutes"]:
        console.print(records("minutes, in their order", told["Minutes"]))
    if told["Settled"]:
        console.print(records("rounding and caps", told["Settled"]))
    if not told["Code"]:
        sums = {name: told[name] for name in ("Exact", "Cost", "ConnectFee", "Total")}
        console.print(records("sum", [sums]))


def _span(span: Document) -> Document:
    price = span["Price"] or {}
    minutes = span["Minutes"]
    return {
        "From": span["TimeStart"],
        "To": span["TimeEnd"],
        "Seconds": span["Seconds"],
        "Plan": span["RatingPlanId"],
        "Since": span["ActivationTime"],
        "Holds": price.get("Holds"),
        "Price": f"minutes {minutes}" if minutes is not None else price.get("Price"),
        "Per": price.get("BillingUnit"),
        "Increments": price.get("Increments"),
        "Each": price.get("Each"),
        "Exact": span["Exact"],
    }


def _verdict(opinion: Document) -> str:
    if opinion["Agrees"] is None:
        return f"Not verified: {opinion['Note']}."
    if opinion["Agrees"]:
        came_to = opinion["Code"] or f"cost {opinion['Cost']}, connect fee {opinion['ConnectFee']}"
        return f"Verified: the independent oracle comes to the same, {came_to}."
    return f"NOT VERIFIED: {opinion['Note']}."
