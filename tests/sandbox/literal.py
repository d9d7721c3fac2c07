"""A text as SQL has it."""

from __future__ import annotations


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
