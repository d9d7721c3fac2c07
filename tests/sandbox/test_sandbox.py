"""The sandbox keeps its promises. Run with: /usr/bin/python3 -m pytest tests/sandbox"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from sandbox import CannotMount, DEFAULT_KIND, KINDS, KindUnavailable, Sandbox, SandboxError  # noqa: E402
from sandbox import Server, ServerFailed, kinds  # noqa: E402
from sandbox import boxes, cache, galera, group_replication, side_folder  # noqa: E402
from sandbox.breakages import Breakages  # noqa: E402
from sandbox.waiting import wait_until  # noqa: E402


SHARED_SERVERS = "pair"  # see integration/conftest.py


@pytest.fixture(scope="module", params=list(KINDS))
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Server, Server]]:
    try:
        kinds.programs(request.param)
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    with Sandbox() as box:
        source = box.server("source", kind=request.param)
        yield source, box.replica("replica", of=source)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as mine:
        yield mine


# what a server is


def test_a_replica_has_what_its_source_has(pair: tuple[Server, Server]) -> None:
    source, replica = pair
    source.sql(["create database shop", "create table shop.t (id int primary key)", "insert into shop.t values (7)"])
    replica.wait_in_sync()
    assert replica.sql("select id from shop.t") == [{"id": 7}]
    assert replica.is_read_only() and not replica.own_transactions()


def test_servers_run_unprivileged_on_loopback(pair: tuple[Server, Server]) -> None:
    source, _ = pair
    owner = Path(f"/proc/{source.pid}").stat().st_uid
    assert owner != 0
    with socket.create_connection((source.host, source.port), 5):
        pass
    assert source.sql("select @@bind_address as at")[0]["at"] == "127.0.0.1"


def test_a_restarted_server_keeps_its_port_and_data(pair: tuple[Server, Server]) -> None:
    source, replica = pair
    port = source.port
    source.sql("create database if not exists keeps")
    for end in (source.stop, source.kill):
        end()
        assert not source.running
        source.start()
        assert source.port == port and source.sql("show databases like 'keeps'")
    replica.stop_replica()
    replica.start_replica()
    replica.wait_in_sync()


def test_users_are_on_one_server_alone_and_leave_no_trace_in_replication(pair: tuple[Server, Server]) -> None:
    _, replica = pair
    replica.create_user("mon", "it's", [])
    assert replica.sql("select user from mysql.user where user='mon'")
    assert not replica.own_transactions()
    replica.drop_user("mon")


# breaking and repairing


def _threads(replica: Server) -> tuple[str, str]:
    [channel] = replica.channels()
    return channel.io, channel.sql


SITUATIONS: dict[str, tuple[Callable[[Breakages], AbstractContextManager[None]], tuple[str, str]]] = {
    "1062": (lambda on: on.sql_error(1062), ("Yes", "No")),
    "1032": (lambda on: on.sql_error(1032), ("Yes", "No")),
    "1146": (lambda on: on.sql_error(1146), ("Yes", "No")),
    "stop_io": (lambda on: on.stop_io(), ("No", "Yes")),
    "stop_sql": (lambda on: on.stop_sql(), ("Yes", "No")),
    "stop_both": (lambda on: on.stop_both(), ("No", "No")),
    "lag": (lambda on: on.lag(3600), ("Yes", "Yes")),
    "delayed": (lambda on: on.delayed(600), ("Yes", "Yes")),
    "wrong_password": (lambda on: on.wrong_password(), ("Connecting", "Yes")),
    "source_down": (lambda on: on.source_down(), ("Connecting", "Yes")),
    "source_frozen": (lambda on: on.source_frozen(), ("Yes", "Yes")),
    "binlog_purged": (lambda on: on.binlog_purged(), ("No", "Yes")),
    "writable": (lambda on: on.writable(), ("Yes", "Yes")),
    "errant": (lambda on: on.errant(), ("Yes", "Yes")),
}


@pytest.mark.parametrize("situation", list(SITUATIONS))
def test_a_situation_is_there_and_then_gone(pair: tuple[Server, Server], situation: str) -> None:
    _, replica = pair
    begin, threads = SITUATIONS[situation]
    with begin(replica.breakages):
        assert _threads(replica) == threads
    assert replica.in_sync() and replica.is_read_only() and not replica.own_transactions()


def test_lag_stands_still_at_what_was_asked_for(pair: tuple[Server, Server]) -> None:
    _, replica = pair
    with replica.breakages.lag(7200):
        assert replica.channels()[0].lag in range(7200, 7205)
    assert replica.channels()[0].lag == 0


def test_a_delayed_replica_says_so(pair: tuple[Server, Server]) -> None:
    _, replica = pair
    with replica.breakages.delayed(600):
        assert replica.channels()[0].row["SQL_Delay"] == 600


def test_a_replica_in_sync_has_noted_so(pair: tuple[Server, Server]) -> None:
    """Else its lag may yet grow from 0 to 1."""
    source, replica = pair
    for _ in range(5):
        replica.stop_replica()
        source.sql("create database if not exists noted")
        source.sql("drop database noted")
        replica.start_replica()
        replica.wait_in_sync()
        [channel] = replica.channels()
        assert channel.applied == channel.read


def test_an_errant_transaction_is_named_and_forgotten(pair: tuple[Server, Server]) -> None:
    _, replica = pair
    with replica.breakages.errant():
        assert replica.own_transactions()
    assert not replica.own_transactions()


def test_a_source_whose_logs_were_purged_can_have_new_replicas(pair: tuple[Server, Server]) -> None:
    source, replica = pair
    with replica.breakages.binlog_purged():
        assert len(source.sql("show binary logs")) == 1
    newcomer = source.box.replica("newcomer", of=source)
    assert newcomer.sql("select count(*) as n from sandbox_source.breakage where note = 'purged'")[0]["n"] > 0
    source.box.remove(newcomer)


def test_a_test_that_fails_inside_leaves_nothing_broken(pair: tuple[Server, Server]) -> None:
    _, replica = pair
    with pytest.raises(ZeroDivisionError), replica.breakages.sql_error():
        raise ZeroDivisionError
    assert replica.in_sync()


@pytest.mark.parametrize("kind", list(KINDS))
def test_several_sources_and_one_channel_broken(kind: str, box: Sandbox) -> None:
    try:
        kinds.programs(kind)
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    east, west = box.server("east", kind=kind), box.server("west", kind=kind)
    multi = box.replica("multi", of={"east": east, "west": west})
    assert {channel.name for channel in multi.channels()} == {"east", "west"}
    with multi.breakages.one_channel_broken("west"):
        assert {channel.name: channel.sql for channel in multi.channels()} == {"east": "Yes", "west": "No"}
    assert multi.in_sync()


# TLS


@pytest.mark.parametrize(("certificate", "accepted"), [
    ("good", True), ("expired", False), ("wrong-name", False), ("other-ca", False), (None, False)])
def test_certificates_are_what_they_say(certificate: str | None, accepted: bool, box: Sandbox) -> None:
    server = box.server("tls", tls=certificate)
    server.create_user("mon", "secret", require="SSL" if certificate else None)
    done = subprocess.run(["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{server.port}", "-umon", "-psecret",
                           f"--ssl-ca={box.tls.ca}", "--ssl-verify-server-cert", "-e", "select 1"],
                          capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == accepted, done.stderr


def test_a_full_disk_stops_a_replica_without_a_word(pair: tuple[Server, Server]) -> None:
    source, _ = pair
    try:
        with source.box.replica_with_full_disk(source) as full:
            if full.family == "mysql":
                [channel] = full.channels()
                assert channel.healthy and channel.row["Replica_IO_State"] == "Waiting for disk space"
            assert full.running
    except CannotMount as reason:
        pytest.skip(str(reason))
    assert source.sql("select 1 as one")


# clusters


def test_semi_sync_is_on_and_off_again(pair: tuple[Server, Server]) -> None:
    source, replica = pair

    def clients() -> int:
        return int(source.sql("show global status like 'Rpl_semi_sync_%_clients'")[0]["Value"])

    with replica.semi_sync():
        assert clients() == 1
        source.sql("create database if not exists semi")
    assert clients() == 0


def test_a_group_of_two(box: Sandbox) -> None:
    try:
        primary = box.group_member("primary")
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    secondary = box.group_member("secondary", of=primary)
    assert sorted(row["MEMBER_ROLE"] for row in group_replication.members(secondary)) == ["PRIMARY", "SECONDARY"]
    primary.sql("create database shared")
    wait_until(lambda: secondary.sql("show databases like 'shared'"), 10, "the primary's database on the secondary")


def test_a_galera_cluster_of_two(box: Sandbox) -> None:
    try:
        first = box.galera_node("first")
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    first.sql("create database early")
    second = box.galera_node("second", of=first)
    assert galera.status(first)["wsrep_cluster_size"] == "2"
    second.sql("create database late")
    for node in (first, second):
        wait_until(lambda node=node: node.sql("show databases like 'late'"), 10, "the database on each node")
    assert second.sql("show databases like 'early'")


# starting when things are in the way


def test_a_taken_port_is_exchanged_for_another(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken = squatter.getsockname()[1]
        ports = iter([taken, box.free_port()])
        monkeypatch.setattr(box, "free_port", lambda: next(ports))
        server = box.server("second-choice")
    assert server.port != taken and server.sql("select 1 as one") == [{"one": 1}]


def test_a_server_that_does_not_start_shows_its_log(box: Sandbox) -> None:
    with pytest.raises(ServerFailed, match="unknown option '--no-such-option'"):
        box.server("odd", options=["--no-such-option"])
    assert not list(box), "a server that never ran is not in the box"


def test_several_boxes_at_once(box: Sandbox) -> None:
    with Sandbox() as other:
        ports = {box.server("same").port, other.server("same").port}
    assert len(ports) == 2


def test_a_path_with_a_space_and_a_foreign_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spacious = Path("/tmp") / f"a b {os.getpid()}"
    spacious.mkdir(mode=0o755)
    monkeypatch.setenv("EVENKEEL_BOXES", str(spacious))
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    try:
        with Sandbox() as box:
            assert " " in str(box.folder)
            replica = box.replica("replica", of=box.server("source"))
            with replica.breakages.sql_error():
                assert "Duplicate entry" in replica.channels()[0].sql_error
        (boxes.base()).rmdir()
    finally:
        spacious.rmdir()


# leaving nothing behind

OWNER = """
    import os, sys, time
    sys.path.insert(0, {tests!r})
    from sandbox import Sandbox
    box = Sandbox()
    server = box.server("victim")
    print(box.folder, server.pid, flush=True)
    {then}
"""


def _owner(then: str) -> tuple[subprocess.Popen[str], Path, int]:
    program = textwrap.dedent(OWNER).format(tests=str(TESTS), then=then)
    owner = subprocess.Popen(["/usr/bin/python3", "-c", program], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    folder, _, pid = owner.stdout.readline().strip().rpartition(" ")
    return owner, Path(folder), int(pid)


def _gone(folder: Path, pid: int) -> bool:
    return not folder.exists() and not Path(f"/proc/{pid}/exe").is_symlink()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_owner_is_killed(number: signal.Signals) -> None:
    owner, folder, pid = _owner("time.sleep(60)")
    owner.send_signal(number)
    owner.wait()
    wait_until(lambda: _gone(folder, pid), 10, "nothing left")


@pytest.mark.parametrize("then", ["sys.exit(0)", "raise SystemError", "os._exit(3)", "os.abort()", "box.end()"])
def test_nothing_is_left_when_the_owner_ends(then: str) -> None:
    owner, folder, pid = _owner(then)
    owner.wait()
    wait_until(lambda: _gone(folder, pid), 10, "nothing left")


def test_nothing_is_left_when_the_owner_is_killed_but_its_fork_lives() -> None:
    owner, folder, pid = _owner("os.fork(); os.close(1); time.sleep(20)")
    owner.kill()
    owner.wait()
    wait_until(lambda: _gone(folder, pid), 10, "nothing left")


def test_a_frozen_server_is_ended_too() -> None:
    owner, folder, pid = _owner("server.freeze(); time.sleep(60)")
    wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().split()[2] == "T", 10, "the server frozen")
    owner.kill()
    owner.wait()
    wait_until(lambda: _gone(folder, pid), 10, "nothing left")


def test_a_mounted_disk_goes_with_its_box() -> None:
    owner, folder, pid = _owner("full = box.replica_with_full_disk(server); full.__enter__(); time.sleep(60)")

    def mounted() -> bool:
        return str(folder) in Path("/proc/mounts").read_text()

    wait_until(lambda: mounted() or owner.poll() is not None, 20, "the disk mounted")
    owner.kill()
    owner.wait()
    wait_until(lambda: _gone(folder, pid) and not mounted(), 10, "nothing left")


def test_servers_die_with_their_warden_and_the_next_box_sweeps_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # In a place of its own: any box that begins at the same time sweeps up too.
    own = Path("/dev/shm") / f"sweep-{os.getpid()}"
    monkeypatch.setenv("EVENKEEL_BOXES", str(own))
    owner, folder, pid = _owner("time.sleep(60)")
    warden = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(warden, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{pid}/exe").is_symlink(), 10, "the server gone")
    assert folder.exists()
    with Sandbox():
        assert not folder.exists()
    owner.kill()
    owner.wait()
    shutil.rmtree(own)


# the cache


def test_what_is_made_once_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENKEEL_CACHE", str(tmp_path))
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "file").touch()

    threads = [threading.Thread(target=cache.made_once, args=("thing", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and (tmp_path / "thing" / "file").exists()


def test_what_failed_half_way_is_not_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENKEEL_CACHE", str(tmp_path))

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cache.made_once("thing", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]


def test_a_kind_that_the_mirror_cannot_give_is_unavailable_by_name(tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENKEEL_CACHE", str(tmp_path))
    with pytest.raises(KindUnavailable, match="mysql-9.7 is not available: .*") as missing:
        side_folder.fetched("mysql-9.7", "no-such-suite", ("mysql-server-core",))
    assert missing.value.kind == "mysql-9.7"


# the command line


def _sandbox(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(TESTS / "sandbox" / "sandbox"), *words], capture_output=True, text=True, check=False,
                          timeout=120)


@pytest.fixture
def cli_box() -> Iterator[str]:
    name = f"test-{os.getpid()}"
    yield name
    _sandbox("stop", "--all", "--box", name)


def test_the_command_line_from_start_to_stop(cli_box: str) -> None:
    def run(*words: str) -> str:
        done = _sandbox(*words, *(() if words[0] == "list" else ("--box", cli_box)))
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert f"source ({DEFAULT_KIND}): running" in run("start", "source")
    run("start", "replica", "--replica-of", "source")
    assert "SQL No, lag NULL" in run("break", "replica", "duplicate-row")
    assert "broken by duplicate-row" in run("list")
    assert "repaired, in sync again" in run("repair", "replica")
    assert re.search(r"lag 10\d$", run("break", "replica", "lag", "--seconds", "100"), re.MULTILINE)
    # A server that joins must not be forgotten by the process that holds the breakage.
    run("start", "late")
    run("repair", "replica")
    assert run("sql", "late", "select 1 as one, null as none") == "one\tnone\n1\tNULL\n"
    run("freeze", "source")
    assert f"source ({DEFAULT_KIND}): frozen" in run("list")
    run("thaw", "source")
    run("stop", "replica")
    assert f"box {cli_box}" in run("list")
    run("stop", "--all")
    assert f"box {cli_box}" not in run("list")


@pytest.mark.parametrize("kind, situation, other", [("apache", "forbidden", "frozen"), ("memcached", "full", "failing"),
                                                   ("memcached", "frozen", "lag"), ("apache", "down", "writable")])
def test_apache_and_memcached_on_the_command_line(cli_box: str, kind: str, situation: str, other: str) -> None:
    def run(*words: str, code: int = 0) -> str:
        done = _sandbox(*words, *(() if words[0] == "list" else ("--box", cli_box)))
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    assert f"one ({kind}): running\n  address      127.0.0.1:" in run("start", "one", "--kind", kind)
    assert "already" in run("start", "one", "--kind", kind, code=1)
    assert "cannot be broken by" in run("break", "one", other, code=1)
    assert f"broken by {situation}" in run("break", "one", situation)
    assert f"broken by {situation}" in run("list")
    assert "repair it first" in run("break", "one", situation, code=1)
    assert run("repair", "one") == f"one: {situation} repaired\n"
    assert "is not broken" in run("repair", "one", code=1)
    assert f"one ({kind}): running\n" in run("list")
    run("stop", "one")
    assert f"box {cli_box}" not in run("list")


@pytest.mark.parametrize("words", [
    ("sql", "nobody", "select 1"), ("stop", "--all"), ("start", "../escape"), ("start", "x", "--kind", "oracle"), ()])
def test_a_wrong_word_is_an_error_and_no_traceback(words: tuple[str, ...]) -> None:
    done = _sandbox(*words, *(("--box", "no-such-box") if words else ()))
    assert done.returncode != 0 and done.stderr and "Traceback" not in done.stderr


def test_names_cannot_leave_the_folder(box: Sandbox) -> None:
    with pytest.raises(SandboxError, match="not a name"):
        box.server("../../etc")
