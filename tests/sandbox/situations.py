"""The breakages by the names that the command line has for them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .breakages import DUPLICATE, MISSING_ROW, MISSING_TABLE, Breakages

LAG, DELAY = 3600, 600


@dataclass(frozen=True)
class Wish:
    channel: str | None = None
    seconds: int | None = None


@dataclass(frozen=True)
class Situation:
    text: str
    begin: Callable[[Breakages, Wish], AbstractContextManager[None]]


SITUATIONS = {
    "duplicate-row": Situation("SQL thread stops with error 1062",
                               lambda on, wish: on.sql_error(DUPLICATE, channel=wish.channel)),
    "missing-row": Situation("SQL thread stops with error 1032",
                             lambda on, wish: on.sql_error(MISSING_ROW, channel=wish.channel)),
    "missing-table": Situation("SQL thread stops with error 1146",
                               lambda on, wish: on.sql_error(MISSING_TABLE, channel=wish.channel)),
    "io-stopped": Situation("IO thread stopped by hand", lambda on, wish: on.stop_io(channel=wish.channel)),
    "sql-stopped": Situation("SQL thread stopped by hand", lambda on, wish: on.stop_sql(channel=wish.channel)),
    "stopped": Situation("both threads stopped by hand", lambda on, wish: on.stop_both(channel=wish.channel)),
    "lag": Situation(f"behind by --seconds (default {LAG})",
                     lambda on, wish: on.lag(wish.seconds or LAG, channel=wish.channel)),
    "delayed": Situation(f"delayed on purpose by --seconds (default {DELAY})",
                         lambda on, wish: on.delayed(wish.seconds or DELAY, channel=wish.channel)),
    "wrong-password": Situation("IO thread cannot log in, error 1045",
                                lambda on, wish: on.wrong_password(channel=wish.channel)),
    "source-down": Situation("source killed", lambda on, wish: on.source_down(channel=wish.channel)),
    "source-frozen": Situation("source hangs: replication looks well and stands still",
                               lambda on, wish: on.source_frozen(channel=wish.channel)),
    "binlog-purged": Situation("source lacks the binary log that the replica needs, error 1236",
                               lambda on, wish: on.binlog_purged(channel=wish.channel)),
    "writable": Situation("read_only is off", lambda on, _: on.writable()),
    "errant": Situation("the replica has a transaction of its own", lambda on, _: on.errant()),
}
