"""What the tests of check_table_sync stand in: servers with a table each, a writer, and how the plugin is called."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from conftest import Answer, PluginRunner
from sandbox import Server

PLUGIN = "check_table_sync"
USER = "syncer"
PASSWORD = "secret-of-the-test"

FLAGS = "create table shop.flags (id int primary key, name varchar(20), active tinyint, created datetime)"


def numbers(count: int) -> str:
    """A query of the numbers 1 to count, as column n."""
    digits = "(" + " union all ".join(f"select {digit} as d" for digit in range(10)) + ")"
    places = [f"{digits} as p{place}" for place in range(len(str(count)))]
    value = " + ".join(f"p{place}.d * {10 ** place}" for place in range(len(places)))
    return f"(select 1 + {value} as n from {', '.join(places)}) as numbers where n <= {count}"


class SyncScene:
    """The first server is the source of the others, or all are alone."""

    def __init__(self, servers: list[Server], plugin: PluginRunner, grants: list[str] | None = None) -> None:
        self.servers, self.plugin = servers, plugin
        self.source, self.others = servers[0], servers[1:]
        for server in servers:
            server.create_user(USER, PASSWORD, grants or ["select on shop.*"])
        self.login = ["-f", str(servers[0].option_file(USER, PASSWORD))]

    @staticmethod
    def name(server: Server) -> str:
        return f"{server.host}:{server.port}"

    @property
    def hosts(self) -> list[str]:
        return ["-H", ",".join(self.name(server) for server in self.servers)]

    def arguments(self, *options: object) -> list[object]:
        hosts = [] if "-H" in options else self.hosts
        table = [] if "--table" in options else ["--table", "shop.*"]
        return [*self.login, *hosts, *table, *options]

    def check(self, *options: object, **how: Any) -> Answer:
        return self.plugin(PLUGIN, *self.arguments(*options), **how)

    def on_all(self, *statements: str) -> None:
        """As if each had been written there alone: not in the binary log."""
        for server in self.servers:
            self.only_on(server, *statements)

    @staticmethod
    def only_on(server: Server, *statements: str) -> None:
        server.sql(["set sql_log_bin=0", *statements])

    def create_flags(self, rows: int = 10000, extra: str = "") -> None:
        self.source.sql(["create database if not exists shop", FLAGS + extra])
        self.source.sql("insert into shop.flags select n, concat('n', n), 1, '2024-01-01 10:00:00' from "
                        + numbers(rows))
        self.settle()

    def settle(self) -> None:
        for server in self.others:
            if server.sources:
                server.wait_in_sync(60)

    def statements_running(self, server: Server) -> list[str]:
        rows = server.sql("select info from information_schema.processlist "
                          f"where user = '{USER}' and info is not null and command <> 'Sleep'")
        return [str(next(iter(row.values()))) for row in rows]

    def wait_for_statement(self, server: Server, part: str = "", seconds: float = 20) -> None:
        wait_for(lambda: any(part in statement for statement in self.statements_running(server)), seconds,
                 f"a statement of the plugin runs: {part}")

    def wait_for_no_statement(self, server: Server, seconds: float) -> None:
        wait_for(lambda: not self.statements_running(server), seconds, "no statement of the plugin runs any more")


def start_check(scene: SyncScene, *options: object) -> subprocess.Popen[str]:
    command = [str(scene.plugin.path(PLUGIN)), *map(str, scene.arguments(*options))]
    return subprocess.Popen(command, env=scene.plugin.environment(), stdin=subprocess.DEVNULL, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for(predicate: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)


class Writer:
    """Transactions on the source, `rate` a second or as fast as its replicas can follow: inserts, updates of hot and
    cold rows, deletes, key changes, several rows at once, and rows that toggle between two values."""

    HOT = range(1, 21)
    TOGGLING = range(21, 31)
    AHEAD = 200  # transactions; what a replica is behind would else depend on what the machine does beside

    def __init__(self, source: Server, rows: int, seed: int = 1, followers: Sequence[Server] = (),
                 rate: float | None = None) -> None:
        self.source, self.rows, self.followers, self.rate = source, rows, followers, rate
        self.random = random.Random(seed)
        self.transactions = 0
        self.next_id = rows + 1

    def one(self) -> list[str]:
        choice = self.random.random()
        cold = self.random.randint(100, self.rows)
        if choice < 0.3:
            hot = self.random.choice(self.HOT)
            return [f"update shop.flags set name = '{self.random.randint(0, 10**9)}' where id = {hot}"]
        if choice < 0.6:
            row = self.random.choice(self.TOGGLING)
            return [f"update shop.flags set active = 1 - active where id = {row}"]
        if choice < 0.7:
            self.next_id += 1
            return [f"insert into shop.flags values ({self.next_id}, 'new', 1, now())"]
        if choice < 0.8:
            return [f"delete from shop.flags where id = {self.random.randint(self.rows, self.next_id)}"]
        if choice < 0.85:
            self.next_id += 1
            return [f"update shop.flags set id = {self.next_id} where id = {cold}"]
        if choice < 0.9:
            return [f"update shop.flags set active = 1 - active where id between {cold} and {cold + 20}"]
        if choice < 0.95:
            return ["begin", f"update shop.flags set active = 0 where id in ({cold}, {cold + 7})",
                    f"update shop.flags set active = 1 where id = {cold}", "commit"]
        return [f"update shop.flags set name = '{self.random.randint(0, 10**9)}' where id = {cold}"]

    def run(self, stop: threading.Event) -> None:
        with self.source.session() as session:
            while not stop.is_set():
                session.sql(self.one())
                self.transactions += 1
                if self.rate:
                    stop.wait(1 / self.rate)
                if self.transactions % self.AHEAD == 0:
                    self.let_follow(stop)

    def let_follow(self, stop: threading.Event) -> None:
        for replica in self.followers:
            position = self.source.dialect.position(self.source)
            wait_for(lambda r=replica, p=position: stop.is_set() or r.dialect.has_applied(r, p), 60, "replicas follow")


@contextlib.contextmanager
def writing(source: Server, rows: int, threads: int = 1, followers: Sequence[Server] = (),
            rate: float | None = 300) -> Iterator[list[Writer]]:
    """At a rate that leaves the machine to other tests, unless told to go on as fast as it can."""
    stop = threading.Event()
    writers = [Writer(source, rows, seed, followers, rate) for seed in range(threads)]
    for number, writer in enumerate(writers):
        writer.next_id = rows + 1 + number * 10**7
    crew = [threading.Thread(target=writer.run, args=(stop,)) for writer in writers]
    for thread in crew:
        thread.start()
    try:
        yield writers
    finally:
        stop.set()
        for thread in crew:
            thread.join()


def state_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def age_state(folder: Path, seconds: float) -> None:
    """Makes what is kept of tables say that they were compared so much earlier."""
    aged = 0
    for path in state_files(folder):
        # See common/src/state_record.h.
        header, _, content = path.read_bytes()[:-16].partition(b"\n")
        if not header.startswith(b"evenkeel-state"):
            continue
        *words, key_length, payload_length = header.split(b" ")
        key, payload = content[:int(key_length)], content[int(key_length):]
        assert len(payload) == int(payload_length), path
        if b'"verified"' not in payload:
            continue
        memory = json.loads(payload)
        memory["visited"] -= seconds
        for part in memory["verified"]:
            part[2] -= seconds
        payload = json.dumps(memory).encode()
        body = b" ".join([*words, key_length, str(len(payload)).encode()]) + b"\n" + key + payload
        path.write_bytes(body + fnv1a(body).encode())
        aged += 1
    assert aged, folder


def fnv1a(body: bytes) -> str:
    value = 0xCBF29CE484222325
    for byte in body:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"
