"""Texts that others chose, made fit for a terminal: what steers one is shown instead of done."""

import re

_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters (C0, DEL, C1), line and paragraph separators, marks and overrides of the writing
direction, and halves of surrogate pairs, which cannot be printed at all."""


def visible(text: str) -> str:
    r"""Write every character that steers a terminal as its escape, ``\x1b`` or ``\u202e``."""
    return _STEERING.sub(_escape, text)


def visible_lines(text: str) -> str:
    """Do the same for a text of ours that has several lines."""
    return "\n".join(map(visible, text.split("\n")))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
