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
    read: tuple[str, int]
    applied: tuple[str, int]
    io_errno: int
    io_error: str
    sql_errno: int
    sql_error: str
    row: dict[str, Any] = field(repr=False)

    @property
    def healthy(self) -> bool:
        return self.io == "Yes" and self.sql == "Yes" and self.lag is not None

    @property
    def lags_not(self) -> bool:
        return self.healthy and self.lag == 0

    @property
    def caught_up(self) -> bool:
        """What was read is applied, by the positions that the server's own lag goes by.

        MySQL's appliers note them every replica_checkpoint_period (300 ms): so long after the last transaction its lag
        may still grow from 0 to 1.
        """
        return self.lags_not and self.read == self.applied
