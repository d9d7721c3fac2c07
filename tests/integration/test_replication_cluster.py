"""Members of a cluster without a replication channel of their own: group replication, Galera."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest

from conftest import PluginRunner
from replication_scene import PLUGIN
from sandbox import DEFAULT_KIND, Sandbox, Server

OK, WARNING, CRITICAL, UNKNOWN = range(4)
GROUP_KIND = "mysql-9.7"


@pytest.fixture
def group(box: Sandbox) -> tuple[Server, Server]:
    """A primary and its secondary, with two accounts: `poor` may not read the performance schema."""
    primary = box.group_member("primary")
    secondary = box.group_member("secondary", of=primary)
    for name in ("poor", "monitor"):
        primary.sql([f"create user {name} identified by 'monitor'", f"grant replication client on *.* to {name}"])
    primary.sql(["grant select on performance_schema.* to monitor", "create database shop",
                 "create table shop.t (id int primary key)"])
    Sandbox.wait_until(lambda: secondary.sql("show tables from shop") if secondary.sql(
        "show databases like 'shop'") else [], 20, "the accounts, and the table after them")
    for member in (primary, secondary):
        for name in ("poor", "monitor"):
            member.log_in_once(name, "monitor")
    return primary, secondary


@pytest.mark.parametrize("kind", [GROUP_KIND], indirect=True)
def test_a_member_that_may_not_be_looked_at(kind: str, group: tuple[Server, Server], plugin: PluginRunner) -> None:
    for member in group:
        answer = plugin(PLUGIN, "-f", member.option_file("poor", "monitor"))
        assert answer.code == UNKNOWN and "is no replica" not in answer.stdout, answer
        assert "GRANT SELECT ON performance_schema.* TO 'poor'@'%'" in answer.line1
        assert plugin(PLUGIN, "-f", member.option_file("monitor", "monitor")).code == OK


@pytest.mark.parametrize("kind", [GROUP_KIND], indirect=True)
def test_a_member_that_failed_and_lets_nobody_in(kind: str, group: tuple[Server, Server], plugin: PluginRunner) -> None:
    primary, secondary = group
    check = [PLUGIN, "-f", secondary.option_file("monitor", "monitor")]
    assert plugin(*check).code == OK
    with secondary.session() as session:
        for statement in ("set global super_read_only=0", "set sql_log_bin=0", "insert into shop.t values (1)"):
            session.sql(statement)
    primary.sql("insert into shop.t values (1)")
    Sandbox.wait_until(lambda: bool(secondary.sql("select @@offline_mode as o")[0]["o"]), 30, "the applier's failure")
    answer = plugin(*check)
    assert answer.code == CRITICAL and "the server is in offline mode: it left its replication group" in answer.line1, answer
    secondary.sql("set global offline_mode=0")
    Sandbox.wait_until(lambda: "member is ERROR" in plugin(*check).line1, 20, "its state")


@pytest.mark.parametrize("kind", [GROUP_KIND], indirect=True)
def test_a_server_in_offline_mode(kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    server = box.server("server", kind)
    file = server.monitor_file()
    server.sql("set global offline_mode=1")
    answer = plugin(PLUGIN, "-f", file)
    assert answer.code == CRITICAL and "the server is in offline mode, error " in answer.line1, answer


@pytest.mark.parametrize("kind", [GROUP_KIND], indirect=True)
def test_a_member_of_a_group_that_applies_nothing(kind: str, group: tuple[Server, Server], plugin: PluginRunner) -> None:
    primary, secondary = group
    check = [PLUGIN, "-f", secondary.option_file("monitor", "monitor")]
    with secondary.session() as session:
        session.sql("flush tables with read lock")
        for i in range(20):
            primary.sql(f"insert into shop.t values ({i})")
        Sandbox.wait_until(lambda: plugin(*check, "-t", "2").perfdata["apply_queue"].value == 20, 20, "all in the queue")
        answer, judged = plugin(*check), plugin(*check, "-c", "apply_queue=10")
        assert answer.code == WARNING and "applied nothing for " in answer.line1, answer
        assert " while 20 transactions wait" in answer.line1
        assert judged.code == CRITICAL and "20 transactions wait to be applied (critical: above 10)" in judged.line1
        assert plugin(PLUGIN, "-f", primary.option_file("monitor", "monitor")).code == OK
        session.sql("unlock tables")
    Sandbox.wait_until(lambda: plugin(*check).code == OK, 20, "an empty queue")


@pytest.mark.parametrize("kind", [DEFAULT_KIND], indirect=True)  # where the sandbox has Galera
def test_a_galera_node_that_holds_up_its_cluster(kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    fast = box.galera_node("fast")
    slow = box.galera_node("slow", of=fast)
    fast.sql(["create database shop", "create table shop.t (id int primary key auto_increment)"])
    Sandbox.wait_until(lambda: slow.sql("show databases like 'shop'") and slow.sql("show tables from shop"), 20, "the table")
    ask_fast, ask_slow = ([PLUGIN, "-f", node.monitor_file()] for node in (fast, slow))
    stop = threading.Event()

    def write() -> None:
        with fast.session() as session:
            while not stop.is_set():
                session.sql("insert into shop.t values ()")

    with concurrent.futures.ThreadPoolExecutor(1) as pool, slow.session() as lock:
        # While the queue moves, and flow control comes and goes, all is well.
        writer = pool.submit(write)
        try:
            for _ in range(3):
                for check in (ask_fast, ask_slow):
                    answer = plugin(*check)
                    assert answer.code == OK and "apply_queue" in answer.perfdata, answer
            lock.sql("lock tables shop.t read")
            Sandbox.wait_until(lambda: plugin(*ask_slow).code == CRITICAL, 30, lambda: str(plugin(*ask_slow)))
            held = plugin(*ask_slow)
            assert "applied nothing for " in held.line1 and "flow control holds up the cluster" in held.line1, held
            waits = plugin(*ask_fast)
            assert waits.code == WARNING and "flow control has held up the cluster for " in waits.line1, waits
        finally:
            lock.sql("unlock tables")
            stop.set()
            writer.result(30)
    Sandbox.wait_until(lambda: plugin(*ask_slow).code == plugin(*ask_fast).code == OK, 20, "a cluster that goes on")


@pytest.mark.parametrize("kind", [DEFAULT_KIND], indirect=True)
def test_a_heartbeat_table_is_read_for_a_galera_node(kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    first = box.galera_node("first")
    second = box.galera_node("second", of=first)
    ids = [int(node.sql("select @@server_id as i")[0]["i"]) for node in (first, second)]
    missing = plugin(PLUGIN, "-f", second.monitor_file(), "--heartbeat", "no.such")
    assert missing.code == UNKNOWN and "no.such" in missing.line1, missing
    first.sql(["create database percona", "create table percona.heartbeat (ts varchar(26) not null, "
               "server_id int unsigned not null primary key)",
               *(f"insert into percona.heartbeat values (date_format(now(6) - interval {age} second, "
                 f"'%Y-%m-%dT%H:%i:%s.%f'), {writer})" for age, writer in ((700, 77), (0, ids[1])))])
    second.create_user("reader", "reader", ["slave monitor on *.*", "select on percona.heartbeat"])
    Sandbox.wait_until(lambda: second.sql("show databases like 'percona'") and
                       second.sql("select count(*) = 2 as yes from percona.heartbeat")[0]["yes"], 20, "the heartbeats")
    check = [PLUGIN, "-f", second.option_file("reader", "reader"), "--heartbeat", "percona.heartbeat"]
    answer = plugin(*check)
    assert answer.code == CRITICAL and "by the heartbeat of server 77 in percona.heartbeat (critical" in answer.line1, answer
    own = plugin(*check, "--heartbeat-server-id", ids[1])
    assert own.code == UNKNOWN and "that is this server's own heartbeat" in own.line1, own
