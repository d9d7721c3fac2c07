"""What a situation of test_replication.py stands in: a pair of servers, and how the plugin is pointed at them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from conftest import Answer, Pair, PluginRunner
from sandbox import Server

PLUGIN = "check_mysql_replication"
PATIENCE = 30


class Scene:
    def __init__(self, pair: Pair, plugin: PluginRunner, folder: Path) -> None:
        self.pair, self.plugin, self.folder = pair, plugin, folder
        self.source, self.replica = pair.source, pair.replica
        self.target = self.address(self.replica)
        # What a situation tells its options beside {source} and {replica}.
        self.words: dict[str, str] = {}
        self.source.monitor_file()
        self.login = ["-f", str(self.replica.monitor_file())]

    @property
    def mysql(self) -> bool:
        return bool(self.replica.family == "mysql")

    @staticmethod
    def address(server: Server) -> str:
        return f"{server.host}:{server.port}"

    def option(self, text: str) -> str:
        return text.format(source=self.address(self.source), replica=self.target, **self.words)

    def check(self, *options: object) -> Answer:
        """-H names the replica; an option file gives who asks."""
        where = [] if "-H" in options else ["-H", self.target]
        return self.plugin(PLUGIN, *self.login, *where, *(self.option(str(option)) for option in options))

    def check_until(self, accept: Callable[[Answer], bool], *options: object) -> Answer:
        """Runs it again until the answer is the wanted one: for what needs time, or a run before it."""
        end = time.monotonic() + PATIENCE
        while True:
            answer = self.check(*options)
            if accept(answer) or time.monotonic() > end:
                return answer
            time.sleep(0.3)

    def as_user(self, name: str, grants: list[str], password: str = "secret-of-the-test") -> None:
        """The plugin asks as a new user that has these grants and no others."""
        for server in (self.source, self.replica):
            server.create_user(name, password, grants)
        self.login = ["-f", str(self.replica.option_file(name, password))]

    @property
    def may_read_status(self) -> str:
        return "replication client on *.*" if self.mysql else "slave monitor on *.*"

    @property
    def may_read_performance_schema(self) -> list[str]:
        return ["select on performance_schema.*"] if self.mysql else []

    def write(self, number: int = 1) -> None:
        """So many transactions on the source."""
        self.source.sql(["create database if not exists shop", "create table if not exists shop.t (id int)"])
        for i in range(number):
            self.source.sql(f"insert into shop.t values ({i})")

    # conditions that end with the block

    @contextlib.contextmanager
    def variable(self, server: Server, name: str, value: str) -> Iterator[None]:
        before = server.sql(f"select @@global.{name} as v")[0]["v"]
        server.sql(f"set global {name}={value}")
        try:
            yield
        finally:
            server.sql(f"set global {name}='{before}'" if isinstance(before, str) else f"set global {name}={before}")

    @contextlib.contextmanager
    def reconnected(self, **values: Any) -> Iterator[None]:
        """Replication set up with other values, as change_source takes them."""
        self.replica.stop_replica()
        self.replica.change_source(**values)
        self.replica.start_replica()
        self.replica.wait_in_sync()
        yield

    @contextlib.contextmanager
    def restarted(self, *options: str) -> Iterator[None]:
        """The replica with more server options."""
        self.replica.stop()
        self.replica.settings.options += options
        try:
            self.replica.start()
            self.replica.wait_in_sync()
            yield
        finally:
            self.replica.stop()
            del self.replica.settings.options[-len(options):]
            self.replica.start()

    @contextlib.contextmanager
    def heartbeat_table(self, age: float | None, *, utc: bool = False, server_id: int | None = None,
                        first_source: int | None = None, reader: bool = True) -> Iterator[None]:
        """As pt-heartbeat leaves it, this many seconds old by the replica's clock; `first_source` writes now."""
        who = server_id or self.source.sql("select @@server_id as id")[0]["id"]
        now = "utc_timestamp(6)" if utc else "now(6)"
        written = ([] if age is None else [(age, who)]) + ([] if first_source is None else [(0, first_source)])
        rows = [f"replace percona.heartbeat (ts, server_id) values "
                f"(date_format({now} - interval {old} second, '%Y-%m-%dT%H:%i:%s.%f'), {id})" for old, id in written]
        self.source.sql(["create database if not exists percona",
                         "create table if not exists percona.heartbeat (ts varchar(26) not null, "
                         "server_id int unsigned not null primary key, file varchar(255), position bigint unsigned)",
                         *rows])
        self.replica.wait_in_sync()
        if reader:
            self.as_user("reader", [self.may_read_status, *self.may_read_performance_schema,
                                    "select on percona.heartbeat"])
        try:
            yield
        finally:
            self.source.sql("drop database percona")
