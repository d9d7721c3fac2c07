"""One replication channel's state in words that both families share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Channel:
    name: str
    io: str
    sql: str
    lag: int | None
    io_errno: int
    io_error: str
    sql_errno: int
    sql_error: str
    row: dict[str, Any] = field(repr=False)

    @property
    def healthy(self) -> bool:
        return self.io == "Yes" and self.sql == "Yes" and self.lag is not None
