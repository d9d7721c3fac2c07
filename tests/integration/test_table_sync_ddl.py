"""check_table_sync while tables are created, dropped, swapped and altered: what is in flight is no drift, and what is
missing or different for real is found all the same."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pymysql
import pytest

from conftest import SOAK, Pair, PluginRunner
from sandbox import Server
from sync_scene import SyncScene, wait_for


@pytest.fixture
def scene(pair: Pair, plugin: PluginRunner) -> SyncScene:
    return SyncScene([pair.source, pair.replica], plugin)


# loops of DDL on a healthy pair


def swapped(number: int) -> list[str]:
    """As gh-ost and pt-online-schema-change do it."""
    return ["create table shop._t_gho like shop.t", "insert into shop._t_gho select * from shop.t",
            "rename table shop.t to shop._t_del, shop._t_gho to shop.t", "drop table shop._t_del"]


def created_and_dropped(number: int) -> list[str]:
    return [f"create table shop.passing{number % 3} (id int primary key)",
            f"insert into shop.passing{number % 3} values (1)", f"drop table shop.passing{number % 3}"]


def renamed(number: int) -> list[str]:
    return [f"rename table shop.name{number % 2} to shop.name{(number + 1) % 2}"]


def altered(number: int) -> list[str]:
    return ["alter table shop.t add column extra int", f"update shop.t set extra = {number} where id < 20",
            "alter table shop.t drop column extra", f"alter table shop.t modify name varchar({30 + number % 9})"]


def rebuilt(number: int) -> list[str]:
    """Not there at all for a moment, and with other columns each time."""
    column = ("name varchar(20)", "title varchar(20)")[number % 2]
    return ["drop table shop.r", f"create table shop.r (id int primary key, {column})", "insert into shop.r values (1, 'x')"]


LOOPS = [swapped, created_and_dropped, renamed, altered, rebuilt]


def follow(server: Server, replicas: list[Server], stop: threading.Event | None = None) -> None:
    position = server.dialect.position(server)
    for replica in replicas:
        wait_for(lambda r=replica: (stop and stop.is_set()) or r.dialect.has_applied(r, position), 60, "it follows")


@contextlib.contextmanager
def looping(server: Server, statements: Callable[[int], list[str]], followers: list[Server]) -> Iterator[list[int]]:
    stop, rounds = threading.Event(), [0]

    def run() -> None:
        with server.session() as session:
            while not stop.is_set():
                session.sql(statements(rounds[0]))
                rounds[0] += 1
                if rounds[0] % 5 == 0:
                    follow(server, followers, stop)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield rounds
    finally:
        stop.set()
        thread.join()


def create_tables(scene: SyncScene) -> None:
    scene.source.sql(["create database shop", "create table shop.t (id int primary key, name varchar(30))",
                      "create table shop.name0 (id int primary key)", "insert into shop.name0 values (1)",
                      "create table shop.r (id int primary key, name varchar(20))", "insert into shop.r values (1, 'x')",
                      "create table shop.quiet (id int primary key, v int)", "insert into shop.quiet values (1, 1), (2, 2)"])
    scene.source.sql("insert into shop.t values " + ",".join(f"({n}, 'n{n}')" for n in range(500)))
    scene.settle()


@pytest.mark.parametrize("binlog", ["row", "statement"])
@pytest.mark.parametrize("loop", LOOPS, ids=[loop.__name__ for loop in LOOPS])
def test_ddl_in_flight_is_no_alarm(scene: SyncScene, loop: Callable[[int], list[str]], binlog: str) -> None:
    create_tables(scene)
    try:
        scene.source.sql(f"set global binlog_format = {binlog}")
    except pymysql.Error:
        if binlog == "statement":
            pytest.skip("this server logs rows only")
    try:
        with looping(scene.source, loop, scene.others) as rounds:
            end, runs = time.monotonic() + (60 if SOAK else 5), 0
            while runs < 3 or time.monotonic() < end:
                answer = scene.check("-t", "20", "--confirm", "1")
                assert answer.code == 0, answer
                assert "select" not in answer.line1.lower() and "error" not in answer.line1, answer
                runs += 1
            wait_for(lambda: rounds[0] > 10, 60, "tables were changed")
    finally:
        scene.source.sql("set global binlog_format = row")
    scene.settle()


@pytest.mark.parametrize("loop", [swapped, altered, rebuilt], ids=["swapped", "altered", "rebuilt"])
def test_a_quiet_moment_after_seconds_of_ddl_is_found(scene: SyncScene, loop: Callable[[int], list[str]]) -> None:
    """The table is changed for two seconds from the start of the run on: longer than a few attempts take."""
    create_tables(scene)
    busy, number = threading.Event(), 0

    def run() -> None:
        nonlocal number
        with scene.source.session() as session:
            end = time.monotonic() + 2
            while time.monotonic() < end:
                session.sql(loop(number))
                number += 1
                busy.set()
                if number % 5 == 0:
                    follow(scene.source, scene.others)
            follow(scene.source, scene.others)

    for _ in range(3):
        busy.clear()
        thread = threading.Thread(target=run)
        thread.start()
        try:
            assert busy.wait(30)
            answer = scene.check("-t", "20", "--confirm", "1", "--no-state")
        finally:
            thread.join()
        assert answer.code == 0 and "changed while it was read" not in answer.stdout, answer
    scene.settle()


@pytest.mark.parametrize("loop", LOOPS, ids=[loop.__name__ for loop in LOOPS])
def test_what_is_wrong_for_real_is_found_in_a_loop_of_ddl(scene: SyncScene, loop: Callable[[int], list[str]]) -> None:
    create_tables(scene)
    scene.source.sql(["create table shop.lost (id int primary key)", "create table shop.other (id int primary key)"])
    scene.settle()
    replica = scene.others[0]
    scene.only_on(replica, "drop table shop.lost", "alter table shop.other add column b int",
                  "update shop.quiet set v = 7 where id = 2")
    with looping(scene.source, loop, scene.others):
        answer = scene.check("-t", "25", "--confirm", "1")
    assert answer.code == 2, answer
    assert "the table shop.lost is missing" in answer.stdout, answer
    assert "shop.other: column b" in answer.stdout and "[WARNING]" in answer.stdout, answer
    assert "shop.quiet: " in answer.stdout and "(id 2)" in answer.stdout, answer
    assert answer.line1.count("is missing") == 1, answer
    scene.only_on(replica, "create table if not exists shop.lost (id int primary key)")
    scene.settle()


# a replica that is behind


DDL = {"created": "create table shop.new (id int primary key)", "dropped": "drop table shop.name0",
       "altered": "alter table shop.t add column extra int", "renamed": "rename table shop.name0 to shop.name1"}


@pytest.mark.parametrize("what", DDL)
def test_ddl_that_a_replica_has_not_applied(scene: SyncScene, what: str) -> None:
    create_tables(scene)
    replica = scene.others[0]
    with replica.breakages.stop_sql():
        scene.source.sql(DDL[what])
        for hosts in (scene.servers, scene.servers[::-1]):
            answer = scene.check("-H", ",".join(map(scene.name, hosts)), "-t", "20", "--confirm", "1")
            assert answer.code == 3, answer
            assert f"{scene.name(replica)}: does not apply" in answer.line1, answer
            assert "missing" not in answer.stdout and "column extra" not in answer.stdout, answer
    scene.settle()
    assert scene.check().code == 0


@pytest.mark.parametrize("what", DDL)
def test_ddl_that_a_replica_applies_in_a_moment(scene: SyncScene, what: str) -> None:
    create_tables(scene)
    replica = scene.others[0]
    with replica.session() as session:
        session.sql("flush tables with read lock")
        scene.source.sql(DDL[what])
        release = threading.Timer(1, lambda: session.sql("unlock tables"))
        release.start()
        answer = scene.check("-t", "20", "--confirm", "3")
        release.join()
    assert answer.code == 0, answer


def test_strangers_hold_still_for_as_long_as_confirm_says(scene: SyncScene, box, plugin: PluginRunner) -> None:
    strangers = SyncScene([box.server("one", kind=scene.source.kind), box.server("two", kind=scene.source.kind)], plugin)
    strangers.on_all("create database shop", "create table shop.both (id int primary key)")
    strangers.only_on(strangers.source, "create table shop.lost (id int primary key)")
    began = time.monotonic()
    answer = strangers.check("-t", "20", "--confirm", "2")
    assert answer.code == 2 and "the table shop.lost is missing" in answer.line1, answer
    assert time.monotonic() - began >= 2
    later = threading.Timer(1, lambda: strangers.only_on(strangers.others[0], "create table shop.lost (id int primary key)"))
    later.start()
    answer = strangers.check("-t", "20", "--confirm", "3")
    later.join()
    assert answer.code == 0, answer


def test_time_that_is_too_short_is_no_finding(scene: SyncScene, box, plugin: PluginRunner) -> None:
    strangers = SyncScene([box.server("one", kind=scene.source.kind), box.server("two", kind=scene.source.kind)], plugin)
    strangers.on_all("create database shop", "create table shop.both (id int primary key)")
    strangers.only_on(strangers.source, "create table shop.lost (id int primary key)")
    answer = strangers.check("-t", "12", "--confirm", "60")
    assert answer.code == 3, answer
    assert "shop.lost: was missing and held still, but time ran out before it was certain" in answer.line1, answer


# what changes in mid-run


def test_a_column_that_is_not_there_is_said_without_our_sql(scene: SyncScene) -> None:
    create_tables(scene)
    answer = scene.check("--table", "shop.t", "--where", "nosuch > 1", "-t", "20")
    assert answer.code == 3 and "nosuch" in answer.line1 and "SELECT" not in answer.line1, answer


# what is no base table, and words for a replica that does not apply


def test_what_is_no_table_is_called_what_it_is(scene: SyncScene) -> None:
    create_tables(scene)
    scene.source.sql("create view shop.seen as select * from shop.t")
    scene.settle()
    answer = scene.check("--table", "shop.seen")
    assert answer.code == 3 and "shop.seen: is a view, which is not compared" in answer.line1, answer
    if scene.source.family == "mariadb":
        scene.source.sql("create sequence shop.counter")
        scene.settle()
        answer = scene.check("--table", "shop.counter")
        assert answer.code == 3 and "temporary" not in answer.stdout and "sequence" in answer.line1, answer


@pytest.mark.parametrize("thread", ["sql_thread", "io_thread"])
def test_a_stopped_replica_is_called_so_where_it_is_seen(pair: Pair, plugin: PluginRunner, thread: str) -> None:
    right = pair.replica.dialect.MONITOR_GRANTS[0]
    scene = SyncScene([pair.source, pair.replica], plugin, ["select on shop.*", right])
    create_tables(scene)
    [replica] = scene.others
    with replica.breakages.stop_sql() if thread == "sql_thread" else replica.breakages.stop_io():
        scene.source.sql("update shop.t set name = 'x' where id = 5")
        answer = scene.check("--confirm", "1")
        name = "SQL" if thread == "sql_thread" else "IO"
        assert answer.code == 3, answer
        assert f"{scene.name(replica)}: replication is stopped: its {name} thread does not run" in answer.line1, answer
        assert "does not apply" not in answer.stdout, answer
    scene.settle()
