"""Placeholder."""
from __future__ import annotations
from collections.abc import Callable
from pathlib import Path
from .errors import KindUnavailable

def fetched(kind: str, suite: str, packages: tuple[str, ...], say: Callable[[str], None] | None) -> Path:
    raise KindUnavailable(kind, "not yet")

def loader(root: Path) -> tuple[str, ...]:
    return ()
