"""A server's binary logs as files, so that a purge can be undone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from . import unprivileged

if TYPE_CHECKING:
    from .server import Server

NUMBERED = "binlog.[0-9]*[0-9]"


def _kept(server: Server) -> Path:
    return server.folder / "kept-binlogs"


def keep(server: Server) -> None:
    """Copies of all that are there; only the newest is still written."""
    _kept(server).mkdir()
    for log in server.data_dir.glob(NUMBERED):
        shutil.copy2(log, _kept(server))


def put_back(server: Server) -> None:
    """The server reads its list of logs at its start alone."""
    server.stop()
    for log in _kept(server).iterdir():
        if not (server.data_dir / log.name).exists():
            shutil.copy2(log, server.data_dir)
    shutil.rmtree(_kept(server))
    names = sorted(path.name for path in server.data_dir.glob(NUMBERED))
    (server.data_dir / "binlog.index").write_text("".join(f"./{name}\n" for name in names))
    unprivileged.give(server.data_dir)
    server.start()
