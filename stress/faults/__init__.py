"""Breaks the server on purpose, with real processes and a real store, and checks every answer it gave.

``python -m stress faults`` runs the scenarios. One idea lives in one module: ``world`` runs the processes,
``wire`` and ``load`` send requests, ``model`` knows what is right, ``judge`` compares, ``sabotage`` breaks
the product so that a scenario can show that it would notice, ``scenario`` is what each of them is.
"""

from stress.faults.command import main

__all__ = ["main"]
