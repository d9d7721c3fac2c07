"""What makes replication stop, or leaves us without a measure, is said before anything is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Pair, PluginRunner
from replication_scene import Scene

OK, WARNING, CRITICAL, UNKNOWN = range(4)
WILL_STOP = "the SQL thread will stop at its UNTIL condition, "
STOPPED = ", without an error; its UNTIL condition was "


@pytest.fixture
def scene(pair: Pair, plugin: PluginRunner, tmp_path: Path) -> Scene:
    return Scene(pair, plugin, tmp_path)


def position_of(scene: Scene) -> tuple[str, int]:
    """Where the source writes next."""
    row = scene.source.sql("show binary log status" if scene.mysql else "show master status")[0]
    return str(row["File"]), int(row["Position"])


def source_position(scene: Scene, ahead: int) -> str:
    file, position = position_of(scene)
    word = "source" if scene.mysql else "master"
    return f"{word}_log_file='{file}', {word}_log_pos={position + ahead}"


def relay_position(scene: Scene, ahead: int) -> str:
    """A log in the future: with each start begins another one."""
    stem, _, number = scene.replica.channels()[0].row["Relay_Log_File"].rpartition(".")
    return f"relay_log_file='{stem}.{min(int(number) + ahead, 999999):06}', relay_log_pos=4"


def gtid(scene: Scene, ahead: int) -> str:
    """Of so many transactions from now."""
    if scene.mysql:
        executed = str(scene.source.sql("select @@server_uuid as u, @@global.gtid_executed as g")[0]["g"])
        mine = str(scene.source.sql("select @@server_uuid as u")[0]["u"])
        [own] = [part for part in executed.replace("\n", "").split(",") if part.strip().startswith(mine)]
        return f"sql_after_gtids='{mine}:{int(own.rpartition('-')[2].rpartition(':')[2]) + ahead}'"
    domain, server, number = str(scene.source.sql("select @@gtid_binlog_pos as g")[0]["g"]).split("-")
    return f"master_gtid_pos='{domain}-{server}-{int(number) + ahead}'"


CONDITIONS = {"position of the source": source_position, "position in the relay log": relay_position, "GTID": gtid}


@contextlib.contextmanager
def running_until(scene: Scene, condition: str) -> Iterator[None]:
    scene.replica.stop_replica()
    scene.replica.sql(("start replica until " if scene.mysql else "start slave until ") + condition)
    scene.check_until(lambda answer: answer.code == OK)
    try:
        yield
    finally:
        scene.replica.stop_replica()
        scene.replica.start_replica()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_an_until_condition_is_said_while_it_is_not_reached(scene: Scene, condition: str) -> None:
    scene.write()
    scene.replica.wait_in_sync()
    assert WILL_STOP not in scene.check("-v").stdout
    with running_until(scene, CONDITIONS[condition](scene, 1_000_000)):
        answer = scene.check()
        assert answer.code == OK and WILL_STOP in answer.stdout, answer
    assert WILL_STOP not in scene.check_until(lambda said: said.code == OK, "-v").stdout


@pytest.mark.parametrize("condition", ["position of the source", "GTID"])
def test_an_until_condition_that_was_reached_explains_a_stopped_thread(scene: Scene, condition: str) -> None:
    scene.write()
    scene.replica.wait_in_sync()
    with running_until(scene, CONDITIONS[condition](scene, 1)):
        scene.write(3)
        answer = scene.check_until(lambda said: said.code == CRITICAL)
        assert answer.code == CRITICAL and STOPPED in answer.line1, answer


def test_without_heartbeats_last_heard_is_not_judged_and_that_is_said(scene: Scene) -> None:
    said = "last_heard is not judged: no heartbeats (period 0)"
    assert said not in scene.check("-v").stdout
    try:
        with scene.reconnected(heartbeat=0):
            answer = scene.check()
            assert answer.code == OK and said in answer.stdout, answer
            assert said not in scene.check("-w", "last_heard=600").stdout, "who gives a threshold has it judged"
    finally:
        scene.replica.stop_replica()
        scene.replica.change_source(heartbeat=30)
        scene.replica.start_replica()


# What other clients take and a plugin does not; and what no client knows.
OF_OTHER_CLIENTS = ("bind-address=127.0.0.1", "compress", "connect-timeout=5", "database=shop", "init-command=select 1",
                    "protocol=tcp", "ssl-capath=/etc/ssl/certs", "ssl-cipher=AES128-SHA", "tls-version=TLSv1.3",
                    "plugin-dir=/tmp", "default-auth=mysql_native_password", "login-path=x")
UNKNOWN_LINES = ("usr=monitor", "passwort=x", "password x", "just-a-word", "user: monitor")


@pytest.mark.parametrize("name", ["check_mysql_replication", "check_table_sync"])
def test_lines_of_an_option_file_that_do_nothing_are_said(plugin: PluginRunner, tmp_path: Path, name: str) -> None:
    file, other = tmp_path / "my.cnf", tmp_path / "other.cnf"
    head = "[client]\nhost=127.0.0.1\nport=1\nuser=monitor\n"
    other.write_text(head.replace("port=1", "port=2"))
    words = [name, "-f", file, *([] if name == "check_mysql_replication" else ["-f", other, "--table", "d.t"])]
    file.write_text(head)
    assert "without effect" not in plugin(*words).stdout
    for line in (*OF_OTHER_CLIENTS, *UNKNOWN_LINES):
        file.write_text(head + line + "\n")
        effect = line.partition("=")[0] if line in OF_OTHER_CLIENTS else "line 5"
        answer = plugin(*words)
        assert f"option file {file}: without effect: {effect}\n" in answer.stdout + "\n", (line, answer)
