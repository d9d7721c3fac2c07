"""Waiting for a condition instead of sleeping for a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import WaitedTooLong

T = TypeVar("T")

POLL_SECONDS = 0.01


def wait_until(predicate: Callable[[], T], seconds: float = 30, what: str | Callable[[], str] = "") -> T:
    """Returns the predicate's first true value. `what` may be a function that tells how things stand at the end."""
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what() if callable(what) else what or getattr(predicate, "__name__", "condition")
            raise WaitedTooLong(f"not within {seconds:g} s: {text}")
        time.sleep(POLL_SECONDS)
