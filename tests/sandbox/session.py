"""One connection of one's own, as root."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pymysql
import pymysql.cursors

Rows = list[dict[str, Any]]


class Session:
    def __init__(self, socket: Path, seconds: float) -> None:
        self._connection = pymysql.connect(unix_socket=str(socket), user="root", autocommit=True,
                                           connect_timeout=10, read_timeout=seconds, write_timeout=seconds,
                                           cursorclass=pymysql.cursors.DictCursor, charset="utf8mb4")

    def sql(self, statements: str | Sequence[str]) -> Rows:
        rows: Rows = []
        with self._connection.cursor() as cursor:
            for statement in [statements] if isinstance(statements, str) else statements:
                cursor.execute(statement)
                rows = list(cursor.fetchall())
        return rows

    @property
    def id(self) -> int:
        return int(self._connection.thread_id())

    def close(self) -> None:
        with contextlib.suppress(pymysql.Error):
            self._connection.close()
