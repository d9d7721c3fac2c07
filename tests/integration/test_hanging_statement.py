"""One statement, whichever it is, gets no answer or an error: the plugin ends in time, and says why in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from conftest import Answer, Pair, PluginRunner
from fakes.hanging_proxy import HangingProxy
from replication_scene import Scene
from sync_scene import SyncScene

OK, WARNING, CRITICAL, UNKNOWN = range(4)
TIMEOUT = 6
GRACE = 3
AT_ONCE = 8
MOST_STATEMENTS = 200
SQL = re.compile(r"\b(SHOW|SELECT|SET|KILL|FROM|LIMIT|GLOBAL|SESSION)\b|@@|information_schema|performance_schema")
GRANT = re.compile(r"(may not read performance_schema: )?GRANT [A-Z ]+ ON \S+ TO ")  # which is for people

Ask = Callable[[list[int], Path], Answer]


class Attempt:
    """One run in which the n-th statement on one of the servers hangs, or fails."""

    def __init__(self, ports: list[int], victim: int, at: int, ask: Ask, folder: Path, error: int) -> None:
        with ExitStack() as stack:
            proxies = [stack.enter_context(HangingProxy(port, at if i == victim else 0, error)) for i, port in enumerate(ports)]
            self.victim = proxies[victim]
            self.answer = ask([proxy.port for proxy in proxies], folder / f"{victim}-{at}")
            self.at, self.hung = at, self.victim.hung
            self.kills = [statement for statement in self.victim.statements if statement.startswith("KILL")]

    def __str__(self) -> str:
        return f"at {self.at}, {self.hung!r}: {self.answer}"


def attempts(ports: list[int], victim: int, ask: Ask, folder: Path, error: int = 0) -> list[Attempt]:
    """For each statement that this server is sent, in turn; some at once, as each waits for most of its time."""
    found: list[Attempt] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for first in range(1, MOST_STATEMENTS, AT_ONCE):
            batch = list(pool.map(lambda at: Attempt(ports, victim, at, ask, folder, error), range(first, first + AT_ONCE)))
            found += [attempt for attempt in batch if attempt.hung]
            if len(found) < first + AT_ONCE - 1:
                return found
    raise AssertionError(f"more than {MOST_STATEMENTS} statements")


def check_manners(attempt: Attempt, service: str) -> None:
    answer = attempt.answer
    assert answer.seconds < TIMEOUT + GRACE and answer.stderr == "", attempt
    state = ("OK", "WARNING", "CRITICAL", "UNKNOWN")[answer.code]
    assert answer.line1.startswith(f"{service} {state} - "), attempt
    assert answer.stdout.count(f"{service} {state} - ") == 1, attempt
    assert not SQL.search(GRANT.sub("", answer.line1.partition(" | ")[0])), attempt


def shown(statement: str) -> str:
    """As -vvv has its beginning."""
    return re.sub(r"\s+", " ", statement)[:40]


@pytest.mark.parametrize("more", [[], ["--source", "{source}"]], ids=["alone", "with its source"])
def test_replication(plugin: PluginRunner, pair: Pair, tmp_path: Path, more: list[str]) -> None:
    scene = Scene(pair, plugin, tmp_path)

    def ask(ports: list[int], folder: Path) -> Answer:
        words = [word.format(source=f"127.0.0.1:{ports[1]}") for word in more]
        return plugin("check_mysql_replication", *scene.login, "-H", f"127.0.0.1:{ports[0]}", "-t", TIMEOUT, "-vvv",
                      "--state-dir", folder, *words)

    ports = [pair.replica.port, pair.source.port]
    assert ask(ports, tmp_path / "usual").code == OK
    found = attempts(ports, 0, ask, tmp_path)
    assert any("SLAVE" in attempt.hung or "REPLICA" in attempt.hung for attempt in found)
    for attempt in found:
        check_manners(attempt, "MYSQL_REPLICATION")
        assert attempt.answer.code == CRITICAL, attempt
        assert re.search("timed out: (?!no time)|: no answer in time", attempt.answer.line1), attempt
        assert attempt.kills == [], attempt
        asked_by_us = any(shown(attempt.hung) in line for line in attempt.answer.stdout.split("\n"))
        assert asked_by_us or "connecting" in attempt.answer.line1, f"-vvv does not show it: {attempt}"
    if not more:
        return
    for attempt in attempts(ports, 1, ask, tmp_path):
        check_manners(attempt, "MYSQL_REPLICATION")
        assert attempt.answer.code == UNKNOWN and "no answer in time" in attempt.answer.stdout, attempt


@pytest.mark.parametrize("victim", [0, 1], ids=["reference", "other"])
def test_table_sync(plugin: PluginRunner, pair: Pair, tmp_path: Path, victim: int) -> None:
    scene = SyncScene([pair.source, pair.replica], plugin)
    scene.create_flags(50)

    def ask(ports: list[int], folder: Path) -> Answer:
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        return plugin("check_table_sync", *scene.login, "-H", hosts, "--table", "shop.*", "-t", TIMEOUT, "-vvv",
                      "--state-dir", folder)

    ports = [pair.source.port, pair.replica.port]
    assert ask(ports, tmp_path / "usual").code == OK
    found = attempts(ports, victim, ask, tmp_path)
    assert any(attempt.hung.startswith("SHOW") for attempt in found)
    for attempt in found:
        check_manners(attempt, "TABLE_SYNC")
        killable = "information_schema" not in attempt.hung.lower() and not attempt.hung.upper().startswith("SHOW ")
        assert killable or attempt.kills == [], attempt
        if attempt.victim.hung_on > 1:
            # A second connection only looks whether the same server answers there, and does not wait for long.
            assert attempt.answer.code == OK and "no difference" in attempt.answer.line1, attempt
            continue
        assert attempt.answer.code == CRITICAL, attempt
        assert f"127.0.0.1:{attempt.victim.port}" in attempt.answer.line1, attempt
        assert re.search("no answer|could not be read in time", attempt.answer.line1), attempt
        asked_by_us = any(shown(attempt.hung) in line for line in attempt.answer.stdout.split("\n"))
        assert asked_by_us or "connecting" in attempt.answer.line1, f"-vvv does not show it: {attempt}"


@pytest.mark.parametrize("error", [1064, 1105, 1146, 1227, 1317])
@pytest.mark.parametrize("name", ["check_mysql_replication", "check_table_sync", "check_table_sync --digest"])
def test_an_error_never_shows_the_statement(plugin: PluginRunner, pair: Pair, tmp_path: Path, name: str, error: int) -> None:
    replication = name == "check_mysql_replication"
    scene = SyncScene([pair.source, pair.replica], plugin)
    scene.create_flags(50)
    login = Scene(pair, plugin, tmp_path).login if replication else scene.login

    def ask(ports: list[int], folder: Path) -> Answer:
        one, other = (f"127.0.0.1:{port}" for port in ports)
        hosts = ["-H", one, "--source", other] if replication else ["-H", f"{one},{other}", "--table", "shop.*"]
        return plugin(name.split()[0], *login, *hosts, *name.split()[1:], "-t", TIMEOUT, "--state-dir", folder)

    for victim in (0, 1):
        found = attempts([pair.replica.port, pair.source.port], victim, ask, tmp_path, error)
        assert len(found) > 3
        for attempt in found:
            check_manners(attempt, "MYSQL_REPLICATION" if replication else "TABLE_SYNC")
