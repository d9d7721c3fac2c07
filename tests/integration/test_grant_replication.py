"""Making the logins never harms replication, in whatever order, how often and on whichever server it is done."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Pair
from grant_scene import GrantScene, run_script, run_tool
from monitored_host import statements_of

# Looked at after each step, so that each shorter order is the beginning of one of these.
ORDERS = [("source", "source"), ("replica", "replica"), ("replica", "source", "replica"), ("source", "replica", "source")]
STATES = [(stopped, read_only) for stopped in (False, True) for read_only in (0, 1) if (stopped, read_only) != (False, 1)]
PRESENCE = ("nowhere", "source", "replica", "both")
EXPECTED = {
    "mariadb": {"GRANT SLAVE MONITOR ON *.* TO 'evenkeel_monitor'@'localhost'", "GRANT SELECT ON shop.* TO 'evenkeel_sync'@'%'"},
    "mysql": {"GRANT REPLICATION CLIENT ON *.* TO 'evenkeel_monitor'@'localhost'",
              "GRANT SELECT ON performance_schema.* TO 'evenkeel_monitor'@'localhost'",
              "GRANT SELECT ON shop.* TO 'evenkeel_sync'@'%'"}}
BY_POSITION = {"mariadb": "change master to master_use_gtid=no", "mysql": "change replication source to source_auto_position=0"}
BY_GTID = {"mariadb": "change master to master_use_gtid=slave_pos",
           "mysql": "change replication source to source_auto_position=1"}


@pytest.fixture(params=["gtid", "position"])
def scene(pair: Pair, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[GrantScene]:
    pair.source.sql("create database if not exists shop")
    pair.replica.wait_in_sync()

    def follow(how: dict[str, str]) -> None:
        pair.replica.stop_replica()
        pair.replica.sql(how[pair.replica.family])
        pair.replica.start_replica()
        pair.replica.wait_in_sync()

    if request.param == "position":
        follow(BY_POSITION)
    mine = GrantScene(pair, tmp_path)
    yield mine
    mine.forget()
    if request.param == "position":
        follow(BY_GTID)


@pytest.mark.parametrize("presence", PRESENCE)
@pytest.mark.parametrize("way", ["script", "tool"])
def test_every_order_on_every_start(scene: GrantScene, way: str, presence: str) -> None:
    for order in ORDERS:
        scene.begin(presence)
        before = scene.own_events()
        words: dict[str, str] = {}
        for number, place in enumerate(order):
            word = f"word-{number}"
            scene.run(way, place, word)
            # What is done on the source reaches the replica.
            words |= {reached: word for reached in ("source", "replica") if place in ("source", reached)}
            if place == "source":
                scene.pair.replica.wait_in_sync()
            assert all(channel.healthy for channel in scene.pair.replica.channels()), (order, scene.pair.replica.channels())
            assert scene.own_events() == before, f"{order}: the replica has transactions of its own"
            assert not scene.pair.replica.own_transactions(), order
            for done, last in words.items():
                assert scene.grants(done) == EXPECTED[scene.family], order
                assert scene.logs_in(done, last), order


@pytest.mark.parametrize("way", ["script", "tool"])
def test_a_replica_in_any_state_gets_no_transaction_of_its_own(scene: GrantScene, way: str) -> None:
    """Writable or not, its threads running or stopped: a replica is one as long as it is configured as one."""
    replica = scene.pair.replica
    scene.begin("nowhere")
    before = scene.own_events()
    try:
        for stopped, read_only in STATES:
            if stopped:
                replica.stop_replica()
            replica.sql(f"set global read_only={read_only}")
            scene.run(way, "replica", "word")
            said = run_script(replica, "word", "-other-host").stdout if way == "script" else "on this server alone"
            assert scene.own_events() == before and scene.logs_in("replica", "word"), (stopped, read_only)
            assert "on this server alone" in said, (stopped, read_only)
            if stopped:
                replica.start_replica()
        scene.run(way, "source", "word")
        replica.wait_in_sync()
        assert all(channel.healthy for channel in replica.channels()) and scene.logs_in("replica", "word")
    finally:
        replica.sql(["set global read_only=1", "set sql_log_bin=0", "drop user if exists 'evenkeel_monitor'@'192.0.2.1'"])
        replica.start_replica()


def test_a_source_that_was_a_replica_once(scene: GrantScene) -> None:
    """The script says whether the accounts reach the replicas; the tool sees that the server is none any more."""
    scene.begin("nowhere")
    source, replica = scene.pair.source, scene.pair.replica
    is_mariadb = scene.family == "mariadb"  # which keeps a replica's position when it is none any more
    if is_mariadb:
        source.sql("set global gtid_slave_pos='77-77-77'")
    try:
        said = [run_script(source, "word", name).stdout for name in ("", "-other-host")]
        replica.wait_in_sync()
        reached = scene.logs_in("replica", "word")
        assert all(("reach the replicas" in one) == reached and ("use evenkeel-grant" in one) != reached for one in said), said
        scene.run("tool", "source", "word")
        replica.wait_in_sync()
        assert scene.logs_in("replica", "word")
    finally:
        source.sql([*["set global gtid_slave_pos=''"] * is_mariadb, "drop user if exists 'evenkeel_monitor'@'192.0.2.1'"])


def test_on_this_server_alone(scene: GrantScene) -> None:
    """--this-server on the source: nothing reaches the replica, and a later run without it does."""
    scene.begin("nowhere")
    file = scene.folder / "monitor.cnf"
    done = run_tool(scene.servers["source"], "word", "monitor", "--file", file, "--this-server")
    assert done.returncode == 0 and "on this server alone" in done.stdout, done.stderr
    scene.pair.replica.wait_in_sync()
    users = "select count(*) as n from mysql.user where user='evenkeel_monitor'"
    assert [int(server.sql(users)[0]["n"]) for server in scene.servers.values()] == [1, 0]
    scene.run("tool", "source", "word")
    scene.pair.replica.wait_in_sync()
    assert all(channel.healthy for channel in scene.pair.replica.channels()) and scene.logs_in("replica", "word")


def test_a_session_goes_on_as_it_was(pair: Pair) -> None:
    """Sourced within a session, the script leaves its sql_log_bin as the session had it."""
    for server, first in itertools.product((pair.source, pair.replica), (0, 1)):
        with server.session() as session:
            session.sql([f"set sql_log_bin={first}", *statements_of(server.family, "word")])
            assert int(session.sql("select @@session.sql_log_bin as it")[0]["it"]) == first
    for server in (pair.source, pair.replica):
        server.sql(["set sql_log_bin=0", "drop user if exists 'evenkeel_monitor'@'localhost', 'evenkeel_sync'@'%'"])
