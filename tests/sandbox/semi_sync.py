"""Semi-synchronous replication between a replica and its source, switched on while both run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .waiting import wait_until

if TYPE_CHECKING:
    from .server import Server

# MariaDB has it built in; MySQL wants a plugin, and has other words for it since 8.0.26.
PLUGINS = {"source": "semisync_source.so", "replica": "semisync_replica.so"}
WORDS = {"mariadb": {"source": "master", "replica": "slave"}, "mysql": {"source": "source", "replica": "replica"}}


def _switch(server: Server, role: str, value: str) -> None:
    name = f"rpl_semi_sync_{WORDS[server.family][role]}"
    known = server.sql(f"select 1 from information_schema.plugins where plugin_name = '{name}'")
    if server.family == "mysql" and not known:
        server.sql(f"install plugin {name} soname '{PLUGINS[role]}'")
    server.sql(f"set global {name}_enabled={value}")


def _status(server: Server, role: str, what: str) -> str:
    name = f"Rpl_semi_sync_{WORDS[server.family][role]}_{what}"
    return str(server.sql(f"show global status like '{name}'")[0]["Value"])


def _both(replica: Server, value: str) -> None:
    [(channel, source)] = replica.sources.items()
    _switch(source, "source", value)
    _switch(replica, "replica", value)
    # The replica asks for it when it connects.
    replica.stop_replica(channel, "io_thread")
    replica.start_replica(channel, "io_thread")
    replica.wait_in_sync()
    wait_until(lambda: _status(replica, "replica", "status") == value, 20, f"semi-sync {value} on {replica.name}")
    # The source's own status says ON before anybody has asked for it.
    count = "1" if value == "ON" else "0"
    wait_until(lambda: _status(source, "source", "clients") == count, 20, f"{count} semi-sync clients of {source.name}")


@contextlib.contextmanager
def enabled(replica: Server) -> Iterator[None]:
    _both(replica, "ON")
    try:
        yield
    finally:
        _both(replica, "OFF")
