"""evenkeel-grant sync: the schemas that the last run names and nothing else, whatever their names and what was before."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from conftest import Pair
from grant_scene import GrantScene, run_tool

SYNC = "'evenkeel_sync'@'%'"
ODD = ["a\\b", "ends\\", "\\_begins", "a\\_c", "a\\%d", "a\\\\e", "a_f", "a%g", "a%_h", "odd`i", "`", "it's", 'dou"ble', "two words",
       "dash-ed", "st*ar", "semi;colon", "#hash", "$(id)", "a.b", "a/b&c", "ünï_cödé", "x" * 64, "é" * 60 + "_", "GRANT",
       "mysql2", "my_ql"]
# Schemas that a wildcard, or a backslash that is lost, would reach.
NEAR = ["ab", "ends", "_begins", "xbegins", "a_c", "axc", "axxd", "a\\xc", "axf", "axxg", "axh", "myxql", "é" * 60 + "x"]
OWN = {"information_schema", "performance_schema", "mysql", "sys"}


def name_of(schema: str) -> str:
    return "`" + schema.replace("`", "``") + "`"


@pytest.fixture
def scene(pair: Pair, tmp_path: Path) -> Iterator[GrantScene]:
    mine = GrantScene(pair, tmp_path)
    mine.forget()
    yield mine
    mine.forget()


def sync(scene: GrantScene, *schemas: str) -> None:
    done = run_tool(scene.pair.source, "word", "sync", "--account-only", *(word for one in schemas for word in ("--schema", one)))
    assert (done.returncode, done.stderr) == (0, ""), (schemas, done.stderr)
    assert ("needs another run" in done.stdout) == ("*" in schemas)


def seen(scene: GrantScene) -> set[str]:
    """What a login sees, without what every login does."""
    with pymysql.connect(unix_socket=str(scene.pair.source.socket), user="evenkeel_sync", password="word") as session:
        with session.cursor() as cursor:
            cursor.execute("show databases")
            return {row[0] for row in cursor.fetchall()} - {"information_schema", "performance_schema"}


def test_a_schema_is_that_schema_alone(scene: GrantScene) -> None:
    source = scene.pair.source
    source.sql([f"create database {name_of(name)}" for name in (*ODD, *NEAR)])
    is_mysql = scene.family == "mysql"
    try:
        for partial_revokes in ("off", "on")[:1 + is_mysql]:
            if is_mysql:
                source.sql(f"set global partial_revokes={partial_revokes}")
            for named in (ODD, ODD[::2], ODD[1::2], ODD[:1], NEAR):
                sync(scene, *named)
                assert seen(scene) == {*named}, partial_revokes
                assert len(source.sql(f"show grants for {SYNC}")) == len(named) + 1
            there = {str(row["Database"]) for row in source.sql("show databases")} - OWN
            sync(scene, "*")
            assert seen(scene) == there and {*ODD, *NEAR} <= there
            source.sql(f"drop user {SYNC}")
    finally:
        if is_mysql:
            source.sql("set global partial_revokes=off")


BEFORE = ["grant select on *.* to {}", "grant select on shop.* to {}", "grant select on other.* to {}", "grant insert on shop.* to {}",
          "grant all on other.* to {}", "grant select on mysql.* to {}", "grant replication client on *.* to {}",
          "grant process, reload on *.* to {}", "grant select on `sh%`.* to {}"]


def test_whatever_it_had_before(scene: GrantScene) -> None:
    """Each right and each pair of them, on the source alone: what is wanted is never taken back, the replica goes on."""
    source, replica = scene.pair.source, scene.pair.replica
    source.sql(["create database shop", "create database other"])
    for had in [*((one,) for one in BEFORE), *itertools.pairwise((*BEFORE, BEFORE[0])), tuple(BEFORE)]:
        for server in (source, replica):
            server.sql(["set sql_log_bin=0", f"drop user if exists {SYNC}"])
        source.sql(["set sql_log_bin=0", f"create user {SYNC}", *(one.format(SYNC) for one in had)])
        printed = run_tool(source, "", "sync", "--schema", "shop", "--print").stdout.splitlines()
        taken = [line for line in printed if line.startswith("REVOKE")]
        assert not [line for line in taken if "SELECT" in line and " ON `shop`.* " in line], printed
        assert not taken or printed.index(f"GRANT SELECT ON `shop`.* TO {SYNC};") < printed.index(taken[0])
        sync(scene, "shop")
        replica.wait_in_sync()
        for place in ("source", "replica"):
            assert scene.grants(place, SYNC) == {f"GRANT SELECT ON shop.* TO {SYNC}"}, (had, place)
    assert all(channel.healthy for channel in replica.channels())


def test_a_narrower_run_takes_back_max_lag_and_every_schema(scene: GrantScene) -> None:
    source = scene.pair.source
    source.sql(["create database shop", "create database other"])
    for more in (["--schema", "*", "--max-lag"], ["--schema", "shop", "--max-lag"], ["--schema", "shop"]):
        assert run_tool(source, "word", "sync", "--account-only", *more).returncode == 0
        assert not any("mysql" in grant for grant in scene.grants("source", SYNC))
        replication = [grant for grant in scene.grants("source", SYNC) if " ON *.* " in grant]
        assert len(replication) == ("--max-lag" in more) and not any("SELECT" in grant for grant in replication)
    assert scene.grants("source", SYNC) == {f"GRANT SELECT ON shop.* TO {SYNC}"}
    with pytest.raises(pymysql.Error):
        pymysql.connect(unix_socket=str(source.socket), user="evenkeel_sync", password="word", database="mysql")


@pytest.mark.parametrize("more", ["create role one; grant one to {}", "grant select on shop.t to {}", "grant select (id) on shop.t to {}",
                                  "grant select on shop.* to {} with grant option", "grant execute on procedure shop.p to {}"])
def test_what_it_never_gave_is_left_to_the_administrator(scene: GrantScene, more: str) -> None:
    source = scene.pair.source
    source.sql(["create database shop", "create table shop.t (id int primary key)", "create procedure shop.p() select 1",
                "drop role if exists one"])
    sync(scene, "shop")
    source.sql([one.strip() for one in more.format(SYNC).split(";")])
    before = source.sql(f"show grants for {SYNC}")
    try:
        done = run_tool(source, "new", "sync", "--account-only", "--schema", "shop")
        assert done.returncode == 1 and "evenkeel-grant never gave" in done.stderr and done.stderr.endswith("nothing was changed\n")
        assert source.sql(f"show grants for {SYNC}") == before and seen(scene) == {"shop"}
    finally:
        source.sql(["drop role if exists one"])


def test_monitor_keeps_the_table_of_its_heartbeat(scene: GrantScene) -> None:
    source, account = scene.pair.source, "'evenkeel_monitor'@'localhost'"
    source.sql(["create database shop", "create table shop.heartbeat (id int primary key)"])
    assert run_tool(source, "word", "monitor", "--account-only").returncode == 0
    usual = scene.grants("source", account)
    source.sql([f"grant select on shop.heartbeat to {account}", f"grant select, insert on *.* to {account}"])
    assert run_tool(source, "word", "monitor", "--account-only").returncode == 0
    assert scene.grants("source", account) == usual | {f"GRANT SELECT ON shop.`heartbeat` TO {account}".replace("`", "'")}


@pytest.mark.parametrize("schema", ["mysql", "MySQL", "sys", "information_schema", "PERFORMANCE_SCHEMA", "#mysql50#mysql"])
def test_the_server_s_own_schemas_are_no_schemas_to_compare(scene: GrantScene, schema: str) -> None:
    done = run_tool(scene.pair.source, "word", "sync", "--account-only", "--schema", "shop", "--schema", schema)
    assert done.returncode == 2 and "own schemas" in done.stderr


@pytest.mark.parametrize("schema", ["y" * 63 + "_", "y" * 65, "_" * 33])
def test_a_name_that_no_grant_can_hold(scene: GrantScene, schema: str) -> None:
    done = run_tool(scene.pair.source, "word", "sync", "--account-only", "--schema", schema)
    assert done.returncode == 1 and "64 characters" in done.stderr and done.stderr.endswith("nothing was changed\n")
    assert not scene.pair.source.sql("select user from mysql.user where user='evenkeel_sync'")


def test_a_line_break_in_a_schema_s_name(scene: GrantScene) -> None:
    source = scene.pair.source
    source.sql("create database `a\nGRANT ALL ON *.* TO b`")
    done = run_tool(source, "word", "sync", "--account-only", "--schema", "*")
    assert done.returncode == 1 and "control character" in done.stderr and done.stderr.endswith("nothing was changed\n")
