"""check_mysql_replication against real servers: a row per situation, with its exit code and the words of line 1."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Answer, Pair, PluginRunner
from replication_scene import PLUGIN, Scene
from sandbox import DEFAULT_KIND, KINDS, CannotMount, Sandbox, Server

SHARED_SERVERS = "trio"  # see conftest.py
OK, WARNING, CRITICAL, UNKNOWN = range(4)
Begin = Callable[[Scene], contextlib.AbstractContextManager[None]]


def nothing(_: Scene) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


def broken(name: str, *values: int) -> Begin:
    """A breakage of the sandbox."""
    return lambda scene: getattr(scene.replica.breakages, name)(*values)


@contextlib.contextmanager
def behind(scene: Scene) -> Iterator[None]:
    with scene.replica.breakages.stop_sql():
        scene.write(3)
        yield


@contextlib.contextmanager
def semi_sync_not_in_effect(scene: Scene) -> Iterator[None]:
    """Enabled, but the IO thread's connection is older than that."""
    with scene.replica.semi_sync():
        pass
    word = "replica" if scene.mysql else "slave"
    with scene.variable(scene.replica, f"rpl_semi_sync_{word}_enabled", "ON"):
        yield


def exec_mode(scene: Scene) -> contextlib.AbstractContextManager[None]:
    return scene.variable(scene.replica, "replica_exec_mode" if scene.mysql else "slave_exec_mode", "'IDEMPOTENT'")


def skip_errors(scene: Scene) -> contextlib.AbstractContextManager[None]:
    return scene.restarted(f"--{'replica' if scene.mysql else 'slave'}-skip-errors=1062")


def heartbeat(age: float | None, **more: object) -> Begin:
    return lambda scene: scene.heartbeat_table(age, **more)  # type: ignore[arg-type]


@contextlib.contextmanager
def own_heartbeat(scene: Scene) -> Iterator[None]:
    scene.words["own"] = str(scene.replica.sql("select @@server_id as id")[0]["id"])
    with scene.heartbeat_table(9999, first_source=int(scene.words["own"])):
        yield


@contextlib.contextmanager
def frozen_for_long(scene: Scene) -> Iterator[None]:
    """Until the replica notices by its network time-out."""
    timeout = "replica_net_timeout" if scene.mysql else "slave_net_timeout"
    with scene.variable(scene.replica, timeout, "2"), scene.reconnected(heartbeat=1):
        try:
            with scene.replica.breakages.source_frozen():
                Sandbox.wait_until(lambda: scene.replica.channels()[0].io == "Connecting", 30, "the network time-out")
                yield
        finally:
            scene.replica.stop_replica()
            scene.replica.change_source(heartbeat=30)
            scene.replica.start_replica()


@contextlib.contextmanager
def errant_long_ago(scene: Scene) -> Iterator[None]:
    """The source has gone on since, past the replica's own number."""
    with scene.replica.breakages.errant():
        scene.write(20)
        scene.replica.wait_in_sync()
        yield


@contextlib.contextmanager
def gave_up(scene: Scene) -> Iterator[None]:
    """The IO thread had an error, and then somebody stopped it."""
    with scene.replica.breakages.wrong_password():
        scene.replica.stop_replica()
        yield


@contextlib.contextmanager
def anonymous_source(scene: Scene) -> Iterator[None]:
    third = scene.pair.box.server("third", scene.pair.kind, ["--gtid-mode=OFF_PERMISSIVE"])
    third.monitor_file()
    scene.words["third"] = scene.address(third)
    try:
        yield
    finally:
        scene.pair.box.remove(third)


def without_performance_schema(scene: Scene) -> contextlib.AbstractContextManager[None]:
    return scene.restarted("--performance-schema=OFF")


def both(*beginnings: Begin) -> Begin:
    """One inside the other."""
    @contextlib.contextmanager
    def begin(scene: Scene) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for one in beginnings:
                stack.enter_context(one(scene))
            yield
    return begin


def user(*grants: str) -> Begin:
    def begin(scene: Scene) -> contextlib.AbstractContextManager[None]:
        known = {"status": [scene.may_read_status], "performance schema": scene.may_read_performance_schema}
        scene.as_user("poor", [grant for name in grants for grant in known.get(name, [name])])
        return contextlib.nullcontext()
    return begin


@contextlib.contextmanager
def wrong_password(scene: Scene) -> Iterator[None]:
    scene.login = ["-f", str(scene.replica.option_file("monitor", "wrong"))]
    yield


@contextlib.contextmanager
def frozen_replica(scene: Scene) -> Iterator[None]:
    scene.replica.freeze()
    try:
        yield
    finally:
        scene.replica.thaw()


@contextlib.contextmanager
def dead_port(scene: Scene) -> Iterator[None]:
    scene.words["dead"] = f"127.0.0.1:{scene.pair.box.free_port()}"
    yield


def family_grant(scene: Scene) -> str:
    grant = "REPLICATION CLIENT" if scene.mysql else "SLAVE MONITOR"
    return f"GRANT {grant} ON *.* TO 'poor'@'%'"


@dataclass(frozen=True)
class Situation:
    name: str
    begin: Begin
    options: str
    code: int
    words: tuple[str | Callable[[Scene], str], ...]
    family: str = ""  # only there


S = Situation
SITUATIONS = [
    S("healthy", nothing, "", OK, ("OK - ", "replicating from {source}, lag ", "lag=", ";300;600", "channels_running=1")),

    # threads
    S("duplicate row", broken("sql_error", 1062), "", CRITICAL, ("SQL thread stopped, error 1062 \"Duplicate entry '1000'",)),
    S("missing row", broken("sql_error", 1032), "", CRITICAL, ("SQL thread stopped, error 1032 \"Can't find record",)),
    S("missing table", broken("sql_error", 1146), "", CRITICAL, ("SQL thread stopped, error 1146", "doesn't exist")),
    S("IO thread stopped", broken("stop_io"), "", CRITICAL, ("IO thread stopped, without an error",)),
    S("SQL thread stopped", broken("stop_sql"), "", CRITICAL, ("SQL thread stopped, without an error",)),
    S("both stopped", broken("stop_both"), "", CRITICAL, ("replication stopped, both threads", "channels_running=0")),
    S("stopped on purpose", broken("stop_both"), "--stopped ok", OK, ("replication stopped",)),
    S("IO stopped, a warning", broken("stop_io"), "--stopped warning", WARNING, ("IO thread stopped",)),
    S("stopped on purpose after an error", gave_up, "--stopped ok", CRITICAL, ("error 1045",)),
    S("an error is no stop on purpose", broken("sql_error", 1062), "--stopped ok", CRITICAL, ("error 1062",)),
    S("wrong replication password", broken("wrong_password"), "", CRITICAL,
      ("IO thread connecting to {source}, error 1045 \"Access denied",)),
    S("source down", broken("source_down"), "", CRITICAL, ("IO thread connecting to {source}, error 2003",)),
    S("binlog purged", broken("binlog_purged"), "", CRITICAL, ("IO thread stopped, error 1236 \"",)),
    S("source frozen beyond the network time-out", frozen_for_long, "", CRITICAL, ("IO thread connecting to {source}",)),

    # lag
    S("an hour behind", broken("lag", 3600), "", CRITICAL, ("lag 36", "(critical: above 600)")),
    S("seven minutes behind", broken("lag", 420), "", WARNING, ("lag 42", "(warning: above 300)")),
    S("an hour behind is accepted", broken("lag", 3600), "-w 7200 -c 9000", OK, (";7200;9000",)),
    S("thresholds for this instance", broken("lag", 3600), "-w lag@{replica}=7200 -c lag@{replica}=9000", OK, (";7200;9000",)),
    S("thresholds for an instance that is not there", nothing, "-w lag@db9=5", UNKNOWN, ("lag@db9",)),
    S("delayed on purpose", broken("delayed", 3600), "", OK, ("lag 0 s beyond its delay of 1 h", "lag=0s",)),

    # the heartbeat table
    S("heartbeat, just now", heartbeat(0), "--heartbeat percona.heartbeat", OK, ("lag=",)),
    S("heartbeat, seven minutes ago", heartbeat(420), "--heartbeat percona.heartbeat", WARNING, ("lag 42",)),
    S("heartbeat in UTC", heartbeat(700, utc=True), "--heartbeat percona.heartbeat --heartbeat-utc", CRITICAL, ("lag 70",)),
    S("heartbeat, clock ahead", heartbeat(-20), "--heartbeat percona.heartbeat", OK, ("lag=0s",)),
    S("heartbeat from the future", heartbeat(-3600), "--heartbeat percona.heartbeat", UNKNOWN, ("in the future",)),
    S("heartbeat of the server above", heartbeat(420, server_id=77), "--heartbeat percona.heartbeat", WARNING, ("lag 42",)),
    S("heartbeat, whose it is", heartbeat(700), "--heartbeat percona.heartbeat", CRITICAL,
      (" by the heartbeat of server ", " in percona.heartbeat (critical")),
    S("heartbeat of the first source, a stale one between", heartbeat(9999, first_source=77),
      "--heartbeat percona.heartbeat --heartbeat-server-id 77", OK, ("lag=",)),
    S("heartbeat of a server that writes none", heartbeat(0), "--heartbeat percona.heartbeat --heartbeat-server-id 78", UNKNOWN,
      ("no heartbeat of server 78 in percona.heartbeat",)),
    S("heartbeat of this server itself", own_heartbeat, "--heartbeat percona.heartbeat --heartbeat-server-id {own}", UNKNOWN,
      ("that is this server's own heartbeat",)),
    S("heartbeat, empty table", heartbeat(None), "--heartbeat percona.heartbeat", UNKNOWN, ("no heartbeat of server",)),
    S("no heartbeat table", user("status", "performance schema", "select on *.*"), "--heartbeat percona.heartbeat", UNKNOWN,
      ("--heartbeat percona.heartbeat: ", "percona")),

    # the source
    S("compared, in sync", nothing, "--source auto", OK, ("transactions_behind=0", "errant_transactions=0")),
    S("compared with a source by name", nothing, "--source {source}", OK, ("transactions_behind=0",)),
    S("errant", broken("errant"), "--source auto", WARNING, ("1 errant transaction: ", ", not on {source}")),
    S("errant, and the source went on", errant_long_ago, "--source auto", WARNING, ("1 errant transaction: ", "errant_transactions=1;")),
    S("compared with itself", nothing, "--source {replica}", UNKNOWN, ("that is the replica itself",)),
    S("compared with a source that writes no GTIDs", anonymous_source, "--source {third}", UNKNOWN,
      ("gtid_mode=OFF_PERMISSIVE",), family="mysql"),
    S("errant and accepted", broken("errant"), "--source auto -w errant_transactions=5", OK, ("errant_transactions=1;5",)),
    S("errant is not looked for", broken("errant"), "", OK, ("lag=",)),
    S("behind", behind, "--source auto --stopped ok -w transactions_behind=1", WARNING, ("transactions behind {source}",)),
    S("the source cannot be asked", dead_port, "--source {dead}", UNKNOWN, ("cannot compare with {dead}: ", "lag=")),
    S("the source hangs", broken("source_frozen"), "--source auto -t 3", UNKNOWN,
      ("cannot compare with {source}: no answer in time", "lag=")),
    # thresholds that nothing can be held against
    S("no state, no last_heard, and a threshold for it", nothing, "--no-state -c last_heard=600", UNKNOWN,
      ("no value for last_heard: ",), family="mariadb"),
    S("a first run has no last_heard", nothing, "-c last_heard=600", OK, ("no value for last_heard: ",), family="mariadb"),
    S("no performance schema", without_performance_schema, "", OK,
      ("no value for last_heard: the performance schema is off",), family="mysql"),
    S("no performance schema, and a threshold", without_performance_schema, "-c last_heard=600", UNKNOWN,
      ("no value for last_heard: the performance schema is off",), family="mysql"),
    S("a stopped thread explains a missing lag", broken("stop_both"), "--stopped ok -c lag=5 -c last_heard=5", OK,
      ("replication stopped",)),
    S("a threshold that needs --source", nothing, "-w errant_transactions=0", UNKNOWN, ("needs --source",)),

    # the server
    S("writable", broken("writable"), "", WARNING, ("read_only=OFF",)),
    S("writable and accepted", broken("writable"), "--allow-writable", OK, ("lag=",)),
    S("errors are skipped", skip_errors, "", WARNING, ("skip_errors=1062 hides errors",)),
    S("idempotent", exec_mode, "", WARNING, ("_exec_mode=IDEMPOTENT hides errors",)),
    S("semi-sync", lambda scene: scene.replica.semi_sync(), "", OK, ("lag=",)),
    S("semi-sync not in effect", semi_sync_not_in_effect, "", WARNING, ("semi-synchronous replication is enabled, but not",)),
    S("no replica", nothing, "-H {source}", CRITICAL, ("is no replica", "channels=0")),
    S("no replica, and that is fine", nothing, "-H {source} --not-replica ok", OK, ("is no replica",)),
    S("no replica, and a channel should be there", nothing, "-H {source} --not-replica ok --channel east", CRITICAL,
      ("channel east is missing",)),
    S("a channel is missing", nothing, "--channel east", CRITICAL, ("channel east is missing",)),
    S("the default channel is asked for", nothing, "--channel default", OK, ("channels=1",)),
    S("fewer channels than there should be", nothing, "-c channels=2:", CRITICAL, ("replication channels: 1",)),

    # privileges, each taken away
    S("may not read the status", user("performance schema"), "", UNKNOWN, (family_grant,)),
    S("may not read the performance schema", user("status"), "", UNKNOWN,
      ("GRANT SELECT ON performance_schema.* TO 'poor'@'%'",), family="mysql"),
    S("a worker's error without the performance schema", both(user("status"), broken("sql_error", 1062)), "", CRITICAL,
      ("error 1062 \"Worker 1 failed executing transaction", "end_log_pos"), family="mysql"),
    S("the status is enough", user("status"), "", OK, ("lag=",), family="mariadb"),
    S("binlog monitor is not enough", user("binlog monitor on *.*"), "", UNKNOWN, (family_grant,), family="mariadb"),
    S("may not read the heartbeat table", heartbeat(0, reader=False), "--heartbeat percona.heartbeat", UNKNOWN,
      ("GRANT SELECT ON `percona`.`heartbeat` TO 'monitor'@'%'",)),
    S("a heartbeat table that is not there", user("status", "performance schema"), "--heartbeat percona.nosuch", UNKNOWN,
      ("percona.nosuch, or there is no such table: GRANT SELECT ON `percona`.`nosuch` TO 'poor'@'%'",)),
    S("wrong password", wrong_password, "", UNKNOWN,
      # Without TLS, MySQL does not say that a scramble is wrong: it asks for the password.
      (lambda scene: "the password is wrong" if scene.mysql else "access denied",)),

    # targets
    S("a dead target hides no other", dead_port, "-H {dead},{replica}", CRITICAL,
      ("{dead}: connecting: ", "'lag@{replica}'=")),
    S("a source and its replica", nothing, "-H {source},{replica} --not-replica ok", OK,
      ("1 replica (1 channel) replicates, lag at most ",)),
    S("a replica that hangs", frozen_replica, "-t 2", CRITICAL, ("timed out",)),
    S("a replica that hangs, as the user says", frozen_replica, "-t 2:unknown", UNKNOWN, ("timed out",)),
    S("a replica that hangs hides no other", frozen_replica, "-H {replica},{source} -t 2 --not-replica ok", CRITICAL,
      ("{replica}: timed out",)),
]


@pytest.fixture
def scene(pair: Pair, plugin: PluginRunner, tmp_path: Path) -> Scene:
    return Scene(pair, plugin, tmp_path)


def assert_answer(answer: Answer, code: int, *words: str) -> None:
    assert answer.stderr == ""
    for text in words:
        assert text in answer.line1, answer.stdout
    assert answer.code == code, answer.stdout
    assert answer.perfdata is not None


def kinds_of(family: str = "") -> list[str]:
    return [name for name, kind in KINDS.items() if family in ("", kind.family)]


def on(*kinds: str) -> pytest.MarkDecorator:
    """The test is about these kinds alone."""
    return pytest.mark.parametrize("kind", kinds, indirect=True)


@pytest.mark.parametrize("kind, situation", indirect=["kind"], argvalues=[
    pytest.param(kind, situation, id=f"{kind}-{situation.name}")
    for kind in kinds_of() for situation in SITUATIONS if kind in kinds_of(situation.family)])
def test_situation(scene: Scene, situation: Situation) -> None:
    with situation.begin(scene):
        answer = scene.check(*situation.options.split())
    words = [scene.option(word if isinstance(word, str) else word(scene)) for word in situation.words]
    assert_answer(answer, situation.code, *words)


def test_a_frozen_source_is_heard_no_more(scene: Scene) -> None:
    with scene.reconnected(heartbeat=1):
        try:
            with scene.replica.breakages.source_frozen():
                answer = scene.check_until(lambda said: said.code != OK)
                assert scene.replica.channels()[0].healthy, "lag 0: the false green that last_heard is for"
                assert_answer(answer, WARNING, f"nothing heard from {scene.option('{source}')} for ", "lag=")
                assert_answer(scene.check("-w", "last_heard=600"), OK)
                assert_answer(scene.check("-c", "last_heard=1"), CRITICAL, "(critical: above 1)")
        finally:
            scene.replica.stop_replica()
            scene.replica.change_source(heartbeat=30)
            scene.replica.start_replica()


def assert_heard(answer: Answer) -> None:
    assert "nothing heard" not in answer.line1, answer.stdout


def follow_each_other(one: Server, other: Server) -> None:
    for me, peer in ((one, other), (other, one)):
        me.replicate_from({"": peer})
        me.stop_replica()
        me.change_source(heartbeat=1)
        me.start_replica()
        me.monitor_file()


@on(*kinds_of("mysql"))
def test_a_ring_is_heard_although_mysql_keeps_no_time_of_ones_own_transactions(
        kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    quiet, busy = box.server("quiet", kind), box.server("busy", kind)
    follow_each_other(quiet, busy)
    busy.sql(["create database shop", "create table shop.t (id int)"])
    check = [PLUGIN, "-f", busy.monitor_file(), "--allow-writable"]
    with busy.session() as writer:
        for run in range(3):
            end = time.monotonic() + 2.5
            while time.monotonic() < end:
                writer.sql("insert into shop.t values (1)")
                time.sleep(0.1)
            answer = plugin(*check)
            # A first run has no position to go by.
            if run > 0:
                assert_heard(answer)
        quiet.freeze()
        time.sleep(2.5)
        plugin(*check)
        time.sleep(2.5)
        assert_answer(plugin(*check), WARNING, "nothing heard from ")


def test_replication_that_was_stopped_for_a_while_was_not_silent(scene: Scene) -> None:
    with scene.reconnected(heartbeat=1):
        try:
            scene.check()
            scene.replica.stop_replica()
            time.sleep(3)
            scene.replica.start_replica()
            Sandbox.wait_until(lambda: scene.replica.channels()[0].healthy, 20, "replication")
            assert_heard(scene.check())
        finally:
            scene.replica.stop_replica()
            scene.replica.change_source(heartbeat=30)
            scene.replica.start_replica()


def test_a_source_that_was_restarted_is_not_silent(scene: Scene) -> None:
    with scene.reconnected(heartbeat=2):
        try:
            scene.check()
            scene.source.stop()
            time.sleep(4)
            scene.source.start()
            Sandbox.wait_until(lambda: scene.replica.channels()[0].io == "Yes", 20, "the connection")
            assert_heard(scene.check())
        finally:
            scene.replica.stop_replica()
            scene.replica.change_source(heartbeat=30)
            scene.replica.start_replica()


def test_a_replica_that_waits_for_relay_log_space_is_not_deaf(scene: Scene) -> None:
    replica = scene.pair.box.replica("limited", of=scene.source, options=["--relay-log-space-limit=8192"])
    try:
        replica.stop_replica()
        replica.change_source(heartbeat=1, delay=3600)
        replica.start_replica()
        scene.source.sql(["create database shop", "create table shop.big (t text)"])
        for _ in range(20):
            scene.source.sql("insert into shop.big values (repeat('a', 4000))")
        def doing() -> str:
            row = replica.channels()[0].row
            return str(row.get("Replica_IO_State") or row.get("Slave_IO_State"))
        Sandbox.wait_until(lambda: "relay log space" in doing(), 20, "the limit")
        check = [PLUGIN, "-f", replica.monitor_file()]
        scene.plugin(*check)
        time.sleep(2.5)
        answer = scene.plugin(*check)
        assert_answer(answer, OK)
        assert "last_heard" not in answer.perfdata
    finally:
        scene.pair.box.remove(replica)


def test_a_first_run_has_no_last_heard_where_counters_tell(scene: Scene) -> None:
    first, second = scene.check(), scene.check()
    assert ("last_heard" in first.perfdata) == scene.mysql
    assert "last_heard" in second.perfdata
    assert "last_heard" in scene.check("--no-state").perfdata or not scene.mysql


def test_a_moving_source_is_never_errant(scene: Scene) -> None:
    scene.write()
    with scene.source.session() as writer:
        for i in range(20):
            writer.sql(f"insert into shop.t values ({i})")
            answer = scene.check("--source", "auto")
            assert_answer(answer, OK, "errant_transactions=0")


def test_json_says_the_same(scene: Scene) -> None:
    with scene.replica.breakages.sql_error(1062):
        answer = scene.check("--output", "json")
    said = json.loads(answer.stdout)
    assert answer.code == said["exit_code"] == CRITICAL and said["state"] == "CRITICAL"
    assert said["findings"][0]["target"] == scene.target
    assert "HA_ERR_FOUND_DUPP_KEY" in said["facts"]["sql_error"]
    assert not [one for one in said["metrics"] if one["name"] == "lag" and one["value"] is not None]


def test_no_secret_in_the_longest_answer(scene: Scene) -> None:
    scene.as_user("loud", [scene.may_read_status, *scene.may_read_performance_schema], "a-secret-word")
    answer = scene.check("-vvv", "--source", "auto")
    assert "SHOW" in answer.stdout and "a-secret-word" not in answer.stdout


SECRET = "Zq7Zw9Zk4"
# What a statement needs, the statement that a replica without it cannot follow, and what undoes both.
STATEMENTS_WITH_SECRETS = {
    "alter user": (f"create user app@localhost identified by 'old-{SECRET}'",
                   f"alter user app@localhost identified by '{SECRET}'", "drop user app@localhost"),
    "a row": ("create table shop.accounts (pwd text)", f"insert into shop.accounts (pwd) values ('{SECRET}')",
              "drop table shop.accounts"),
    "create user": ("do 0", f"create user app@localhost identified by '{SECRET}'", "drop user app@localhost"),
}


@pytest.mark.parametrize("statement", STATEMENTS_WITH_SECRETS)
def test_a_statement_that_stops_replication_does_not_tell_its_secret(scene: Scene, statement: str) -> None:
    has, stops, drop = STATEMENTS_WITH_SECRETS[statement]
    unlogged = "set sql_log_bin=0"
    scene.write()
    # In the source's log, so that later replicas of it can follow; this one loses what the statement needs, or has
    # what is in its way.
    scene.source.sql(has)
    scene.replica.wait_in_sync()
    scene.replica.sql([unlogged, "create user app@localhost" if statement == "create user" else drop])
    try:
        scene.source.sql(["set session binlog_format=statement", stops])
        Sandbox.wait_until(lambda: scene.replica.channels()[0].sql == "No", 20, "the SQL thread's stop")
        for form in ([], ["-v"], ["-vvv"], ["--output", "json"], ["-vvv", "--output", "json"]):
            answer = scene.check(*form)
            assert answer.code == CRITICAL and "SQL thread stopped, error " in answer.stdout
            assert SECRET not in answer.stdout and "$A$" not in answer.stdout and "*" not in answer.line1
            assert "Query:" not in (json.loads(answer.stdout)["summary"] if "json" in form else answer.line1)
    finally:
        # The replica gets what the statement needs, and loses what stood in its way.
        scene.replica.sql([unlogged, drop if statement == "create user" else has])
        scene.replica.stop_replica()
        scene.replica.start_replica()
        scene.replica.wait_in_sync()
        scene.source.sql(drop)
        scene.replica.wait_in_sync()


def test_instances_by_glob_each_with_its_source(scene: Scene, tmp_path: Path) -> None:
    for name, server in (("one", scene.replica), ("two", scene.source)):
        (tmp_path / f"{name}.cnf").write_text(server.monitor_file().read_text())
    answer = scene.plugin(PLUGIN, "-f", f"{tmp_path}/*.cnf", "--source", "auto", "--not-replica", "warning")
    assert_answer(answer, WARNING, "two: is no replica", "'lag@one'=", "'errant_transactions@one'=0")


def test_a_replica_whose_disk_is_full(scene: Scene) -> None:
    try:
        with scene.pair.box.replica_with_full_disk(scene.source) as full:
            login = ["-f", str(full.monitor_file())]
            # MariaDB does not answer at all until there is room again.
            words = ["IO thread cannot go on: "] if scene.mysql else ["timed out", "disk is full"]
            answer = scene.plugin(PLUGIN, *login, "-t", "3")
            assert_answer(answer, CRITICAL, *words)
            assert "lag" not in answer.perfdata and not answer.perfdata.get("channels_running", (0,))[0]
    except CannotMount as missing:
        pytest.skip(str(missing))


# several channels


class Trio:
    """Two sources, and a replica with a channel from each."""

    def __init__(self, box: Sandbox, kind: str) -> None:
        self.east: Server = box.server("east", kind)
        self.west: Server = box.server("west", kind)
        self.replica: Server = box.replica("replica", of={"east": self.east, "west": self.west})
        self.file = self.replica.monitor_file()
        for server in (self.east, self.west):
            server.monitor_file()


@pytest.fixture(scope="session")
def _trios() -> Iterator[dict[str, tuple[Sandbox, Trio]]]:
    trios: dict[str, tuple[Sandbox, Trio]] = {}
    yield trios
    for box, _ in trios.values():
        box.end()


@pytest.fixture
def trio(kind: str, _trios: dict[str, tuple[Sandbox, Trio]]) -> Trio:
    if kind not in _trios:
        box = Sandbox()
        _trios[kind] = box, Trio(box, kind)
    return _trios[kind][1]


CHANNELS = [
    ("healthy", None, "", OK, ("2 channels replicate", "channels=2", "'lag@replica/west'=")),
    ("one broken", "west", "", CRITICAL, ("channel west: SQL thread stopped, error 1146", "'lag@replica/east'=", "channels_running=1")),
    ("the broken one is not asked for", "west", "--channel east", OK, ("channels=1",)),
    ("the broken one is asked for", "west", "--channel west", CRITICAL, ("channel west: SQL thread stopped",)),
    ("one is missing", None, "--channel east --channel north", CRITICAL, ("channel north is missing",)),
    ("compared", None, "--source auto", OK, ("'errant_transactions@replica/east'=0", "'errant_transactions@replica/west'=0")),
    ("compared with one", None, "--source {east}", OK, ("errant_transactions", "=0", "transactions_behind")),
    ("threshold of one", None, "-c lag@replica/west=@0:99", CRITICAL, ("channel west: lag ", "(critical: inside 0 to 99)")),
    ("threshold of one that is not there", None, "-c lag@replica/north=5", UNKNOWN, ("lag@replica/north",)),
]


@pytest.mark.parametrize("name, channel, options, code, words", CHANNELS, ids=[row[0] for row in CHANNELS])
def test_channels(trio: Trio, plugin: PluginRunner, tmp_path: Path, name: str, channel: str | None, options: str,
                  code: int, words: tuple[str, ...]) -> None:
    (tmp_path / "replica.cnf").write_text(trio.file.read_text())
    given = options.format(east=Scene.address(trio.east)).split()
    with trio.replica.breakages.one_channel_broken(channel) if channel else contextlib.nullcontext():
        answer = plugin(PLUGIN, "-f", tmp_path / "replica.cnf", *given)
    assert_answer(answer, code, *words)


def test_errant_is_told_apart_from_the_other_channel(trio: Trio, plugin: PluginRunner, tmp_path: Path) -> None:
    for server in (trio.east, trio.west):
        server.sql([f"create database {server.name}_only", f"create table {server.name}_only.t (id int primary key)"])
    trio.replica.wait_in_sync()
    answer = plugin(PLUGIN, "-f", trio.file, "--source", "auto")
    assert_answer(answer, OK)
    trio.replica.sql("create database written_here")
    answer = plugin(PLUGIN, "-f", trio.file, "--source", "auto")
    trio.replica.sql("drop database written_here")
    least = "" if trio.replica.family == "mysql" else "at least "
    assert_answer(answer, WARNING, f"channel east: {least}1 errant transaction: ", "'errant_transactions@monitor/west'=0")


@on(*kinds_of())
def test_a_replica_that_has_not_connected_cannot_say_whom_it_follows(kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    source, replica = box.server("source", kind), box.server("replica", kind, ["--read-only=ON"])
    source.monitor_file()
    replica.change_source(host=source.host, port=source.port, user="repl", password="repl")
    answer = plugin(PLUGIN, "-f", replica.monitor_file(), "--source", "auto", "--stopped", "ok")
    assert_answer(answer, UNKNOWN, "the replica cannot say which server it follows before it has connected")


@on(*kinds_of("mariadb"))
def test_channels_that_share_a_domain_are_not_compared(kind: str, box: Sandbox, plugin: PluginRunner,
                                                       tmp_path: Path) -> None:
    east, west = box.server("east", kind), box.server("west", kind)
    for server in (east, west):
        server.monitor_file()
        server.sql("set global gtid_domain_id=0")
        server.sql([f"create database {server.name}", f"create table {server.name}.t (id int)"])
    replica = box.server("replica", kind, ["--read-only=ON"])
    for name, source in (("east", east), ("west", west)):
        replica.sql([f"change master '{name}' to master_host='{source.host}', master_port={source.port}, "
                     "master_user='repl', master_password='repl', master_use_gtid=no, master_ssl=0", f"start slave '{name}'"])
    def arrived(source: Server, rows: int) -> bool:
        with contextlib.suppress(*Server.sql_errors):
            return bool(replica.sql(f"select count(*) = {rows} as yes from {source.name}.t")[0]["yes"])
        return False
    for _ in range(9):
        west.sql("insert into west.t values (1)")
    Sandbox.wait_until(lambda: arrived(west, 9) and arrived(east, 0), 20, "west's rows, and east's table")
    (tmp_path / "replica.cnf").write_text(replica.monitor_file().read_text())
    check = [PLUGIN, "-f", tmp_path / "replica.cnf", "--source", "auto", "--stopped", "ok"]
    assert_answer(plugin(*check), OK, "'transactions_behind@replica/east'=0", "'transactions_behind@replica/west'=0",
                  "'errant_transactions@replica/east'=0")
    replica.sql("stop slave 'west' sql_thread")
    for _ in range(30):
        west.sql("insert into west.t values (2)")
    for _ in range(60):
        east.sql("insert into east.t values (2)")
    Sandbox.wait_until(lambda: arrived(east, 60), 20, "east's rows")
    answer = plugin(*check)
    assert_answer(answer, UNKNOWN, "channel west: cannot compare with ", ": channels share domain 0")
    assert "transactions_behind@replica/west" not in answer.perfdata


@on(*kinds_of("mariadb"))
def test_what_a_server_between_wrote_stays_errant(kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    first = box.server("first", kind)
    between = box.replica("between", of=first)
    last = box.replica("last", of=between)
    first.monitor_file()
    between.sql(["set global read_only=0", "create database written_between"])
    first.sql(["create database shop", "create table shop.t (id int)"])
    for _ in range(20):
        first.sql("insert into shop.t values (1)")
    between.wait_in_sync()
    last.wait_in_sync()
    answer = plugin(PLUGIN, "-f", last.monitor_file(), "--source", Scene.address(first))
    assert_answer(answer, WARNING, "at least 1 errant transaction: 0-2-")
    answer = plugin(PLUGIN, "-f", between.monitor_file(), "--source", Scene.address(last))
    assert_answer(answer, UNKNOWN, "that is a replica of this server, not its source")


# clusters


@on("mysql-9.7")
def test_a_group_member_is_not_called_no_replica(kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    primary = box.group_member("primary")
    secondary = box.group_member("secondary", of=primary)
    # Through the group: a secondary takes no account of its own.
    primary.sql(["create user monitor identified by 'monitor'", "grant replication client on *.* to monitor",
                 "grant select on performance_schema.* to monitor"])
    Sandbox.wait_until(lambda: secondary.sql("select 1 from mysql.user where user = 'monitor'"), 20, "the account")
    for member in (primary, secondary):
        member.log_in_once("monitor", "monitor")
    file = secondary.option_file("monitor", "monitor")
    answer = plugin(PLUGIN, "-f", primary.option_file("monitor", "monitor"), "-f", file, "-v")
    assert_answer(answer, OK, "2 cluster members are fine")
    assert "group replication member ONLINE (SECONDARY)" in answer.stdout
    said = "no value for transactions_behind: a cluster member without a channel is not compared"
    assert_answer(plugin(PLUGIN, "-f", file, "--source", Scene.address(primary)), OK, said)
    compared = plugin(PLUGIN, "-f", file, "--source", Scene.address(primary), "-c", "transactions_behind=5")
    assert_answer(compared, UNKNOWN, said)
    assert_answer(plugin(PLUGIN, "-f", file, "-c", "lag=5"), UNKNOWN, "no value for lag: ")
    secondary.sql("stop group_replication")
    assert_answer(plugin(PLUGIN, "-f", file), CRITICAL, "group replication member is OFFLINE")


@on(DEFAULT_KIND)  # where the sandbox has Galera
def test_a_galera_node_is_not_called_no_replica(kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    first = box.galera_node("first")
    second = box.galera_node("second", of=first)
    file = second.monitor_file()
    assert_answer(plugin(PLUGIN, "-f", file), OK, "Galera node Synced, cluster of 2")
    assert_answer(plugin(PLUGIN, "-f", file, "-c", "lag=5"), UNKNOWN, "no value for lag: ")
    first.kill()
    Sandbox.wait_until(
        lambda: second.sql("show status like 'wsrep_cluster_status'")[0]["Value"] != "Primary", 60, "a lost quorum")
    assert_answer(plugin(PLUGIN, "-f", file), CRITICAL, "Galera cluster status is ")
