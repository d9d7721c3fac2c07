"""Makes replication break, one situation per function, and repairs it when the `with` block ends.

    with replica.breakages.sql_error(1062):
        ...                                  # the SQL thread has stopped
    # replication is in sync again
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from . import binlogs
from .channel import Channel
from .errors import SandboxError
from .waiting import wait_until

if TYPE_CHECKING:
    from .server import Server

ACCESS_DENIED, CANNOT_CONNECT = 1045, 2003
DUPLICATE, MISSING_ROW, MISSING_TABLE = 1062, 1032, 1146


class Breakages:
    def __init__(self, replica: Server) -> None:
        self._replica = replica

    # what all situations share

    def _channel_name(self, channel: str | None) -> str:
        """With one channel there is nothing to name."""
        names = list(self._replica.settings.sources)
        if channel is None and len(names) == 1:
            return str(names[0])
        if channel not in names:
            raise SandboxError(f"which channel of {self._replica.name}? It has {', '.join(names) or 'none'}")
        return str(channel)

    def _source(self, channel: str) -> Server:
        return self._replica.sources[channel]

    def _await(self, channel: str, condition: Callable[[Channel], bool], what: str) -> None:
        def now() -> Channel:
            return next(one for one in self._replica.channels() if one.name == channel)
        wait_until(lambda: condition(now()), 20, lambda: f"{what} on {self._replica.name}: {now()}")

    def _table(self, channel: str) -> str:
        """A table of our own per source, so that the channels of one replica do not meet."""
        source = self._source(channel)
        database = f"sandbox_{source.name.replace('-', '_')}"
        source.sql([f"create database if not exists {database}",
                    f"create table if not exists {database}.breakage (id int auto_increment primary key, note text)"])
        self._replica.wait_in_sync()
        return f"{database}.breakage"

    def _mend(self, channel: str) -> None:
        """A fresh connection: the old one may wait for its next attempt."""
        self._replica.stop_replica(channel)
        self._replica.start_replica(channel)
        self._replica.wait_in_sync()

    # the SQL thread

    @contextlib.contextmanager
    def sql_error(self, errno: int = DUPLICATE, *, channel: str | None = None) -> Iterator[None]:
        """A row is there that should not be (1062), or is not there (1032), or its table is not there (1146)."""
        name = self._channel_name(channel)
        table = self._table(name)
        row = "(id, note) values (1000, 'breakage')"
        source, unlogged = self._source(name), "set sql_log_bin=0"
        remake = f"create table {table} like {table}_kept"
        cases = {
            DUPLICATE: ([f"insert into {table} {row}"], f"insert into {table} {row}",
                        [f"delete from {table} where id = 1000"]),
            MISSING_ROW: ([f"delete from {table} where id = 1000"], f"update {table} set note = 'new' where id = 1000",
                          [f"insert into {table} {row}"]),
            MISSING_TABLE: ([f"create table {table}_kept like {table}", f"drop table {table}"],
                            f"insert into {table} {row}", [remake, f"drop table {table}_kept"]),
        }
        if errno not in cases:
            raise SandboxError(f"no way to cause error {errno}; there are {', '.join(map(str, cases))}")
        here, there, undo = cases[errno]
        source.sql(f"delete from {table}")
        if errno == MISSING_ROW:
            source.sql(f"insert into {table} {row}")
        self._replica.wait_in_sync()
        self._replica.sql([unlogged, *here])
        source.sql(there)
        self._await(name, lambda now: now.sql == "No" and now.sql_errno == errno, f"error {errno}")
        try:
            yield
        finally:
            self._replica.sql([unlogged, *undo])
            self._mend(name)

    def one_channel_broken(self, channel: str) -> contextlib.AbstractContextManager[None]:
        """One channel's table is dropped; the others go on."""
        return self.sql_error(MISSING_TABLE, channel=channel)

    @contextlib.contextmanager
    def _stopped(self, channel: str | None, thread: str) -> Iterator[None]:
        name = self._channel_name(channel)
        self._replica.stop_replica(name, thread)
        try:
            yield
        finally:
            self._mend(name)

    def stop_sql(self, *, channel: str | None = None) -> contextlib.AbstractContextManager[None]:
        return self._stopped(channel, "sql_thread")

    def stop_io(self, *, channel: str | None = None) -> contextlib.AbstractContextManager[None]:
        return self._stopped(channel, "io_thread")

    def stop_both(self, *, channel: str | None = None) -> contextlib.AbstractContextManager[None]:
        return self._stopped(channel, "")

    @contextlib.contextmanager
    def lag(self, seconds: int = 3600, *, channel: str | None = None) -> Iterator[None]:
        """The replica waits for a lock with a row in its hands that says it is `seconds` old."""
        name = self._channel_name(channel)
        table = self._table(name)
        with self._replica.session() as locker:
            locker.sql(f"lock tables {table} write")
            self._source(name).sql([f"set timestamp=unix_timestamp()-{seconds}",
                                    f"insert into {table} (note) values ('late')"])
            self._await(name, lambda now: now.lag is not None and now.lag >= seconds, f"a lag of {seconds} s")
            try:
                yield
            finally:
                locker.sql("unlock tables")
                self._replica.wait_in_sync()

    @contextlib.contextmanager
    def delayed(self, seconds: int = 3600, *, channel: str | None = None, waiting: bool = True) -> Iterator[None]:
        """Delayed on purpose; while `waiting`, with a row that waits for its time."""
        name = self._channel_name(channel)
        table = self._table(name)
        self._set(name, delay=seconds)
        if waiting:
            self._source(name).sql(f"insert into {table} (note) values ('delayed')")
            remaining = "SQL_Remaining_Delay"
            self._await(name, lambda now: now.row[remaining] is not None, "a remaining delay")
        try:
            yield
        finally:
            self._set(name, delay=0)
            self._replica.wait_in_sync()

    def _set(self, channel: str, **values: str | int) -> None:
        self._replica.stop_replica(channel)
        self._replica.change_source(channel, **values)
        self._replica.start_replica(channel)

    # the IO thread

    @contextlib.contextmanager
    def wrong_password(self, *, channel: str | None = None) -> Iterator[None]:
        name = self._channel_name(channel)
        self._set(name, password="wrong")
        self._await(name, lambda now: now.io == "Connecting" and now.io_errno == ACCESS_DENIED, "access denied")
        try:
            yield
        finally:
            self._set(name, password="repl")
            self._replica.wait_in_sync()

    @contextlib.contextmanager
    def source_down(self, *, channel: str | None = None) -> Iterator[None]:
        """Killed; it comes back at the same port with what it had."""
        name = self._channel_name(channel)
        source = self._source(name)
        source.kill()
        self._await(name, lambda now: now.io == "Connecting" and now.io_errno == CANNOT_CONNECT, "a refused connection")
        try:
            yield
        finally:
            source.start()
            self._mend(name)

    @contextlib.contextmanager
    def source_frozen(self, *, channel: str | None = None) -> Iterator[None]:
        """The source is silent but its connections stand: all looks well until slave_net_timeout."""
        name = self._channel_name(channel)
        source = self._source(name)
        source.freeze()
        try:
            yield
        finally:
            source.thaw()
            self._mend(name)

    @contextlib.contextmanager
    def binlog_purged(self, *, channel: str | None = None) -> Iterator[None]:
        """The source threw away what the replica has not read. The repair puts it back, for other replicas to come.

        The text says 1236 in both families; as its number MySQL gives 13114.
        """
        name = self._channel_name(channel)
        source = self._source(name)
        table = self._table(name)
        self._replica.stop_replica(name)
        source.sql([f"insert into {table} (note) values ('purged')", "flush binary logs"])
        binlogs.keep(source)
        source.dialect.purge_binlogs(source)
        self._replica.start_replica(name)
        self._await(name, lambda now: now.io == "No" and "error 1236" in now.io_error, "error 1236")
        try:
            yield
        finally:
            binlogs.put_back(source)
            self._mend(name)

    # the replica itself

    @contextlib.contextmanager
    def writable(self) -> Iterator[None]:
        self._replica.sql("set global read_only=OFF")
        try:
            yield
        finally:
            self._replica.sql("set global read_only=ON")

    @contextlib.contextmanager
    def errant(self) -> Iterator[None]:
        """A transaction of the replica's own. Its repair makes the server forget that it happened."""
        self._replica.sql("create database sandbox_errant")
        try:
            yield
        finally:
            self._replica.sql(["set sql_log_bin=0", "drop database sandbox_errant"])
            self._replica.forget_own_transactions()
