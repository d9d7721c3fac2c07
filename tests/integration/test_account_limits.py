"""A limit of the account says nothing of the server: UNKNOWN with the reason, wherever it strikes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pymysql
import pytest

from conftest import Answer, Pair, PluginRunner
from replication_scene import Scene
from sandbox import Server
from sync_scene import SyncScene

OK, WARNING, CRITICAL, UNKNOWN = range(4)
USER, PASSWORD = "limited", "secret-of-the-test"
REACHED = "a limit of the account is reached, error 1226"
MOST_STATEMENTS = 100
# Of ours: what a server says stands in quotes.
SQL = re.compile(r"\b(SHOW|SELECT|SET|GRANT|LIMIT|GLOBAL|SESSION)\b|@@|information_schema|performance_schema")

Check = Callable[[], Answer]


def replication(plugin: PluginRunner, pair: Pair, folder: Path) -> Check:
    scene = Scene(pair, plugin, folder)
    scene.as_user(USER, [scene.may_read_status, *scene.may_read_performance_schema], PASSWORD)
    return scene.check


def table_sync(plugin: PluginRunner, pair: Pair, _: Path) -> Check:
    scene = SyncScene([pair.source, pair.replica], plugin)
    scene.create_flags(20)
    for server in scene.servers:
        server.create_user(USER, PASSWORD, ["select on shop.*"])
    scene.login = ["-f", str(pair.source.option_file(USER, PASSWORD))]
    return lambda: scene.check("--no-state")


@pytest.fixture(params=[replication, table_sync], ids=["replication", "table_sync"])
def check(request: pytest.FixtureRequest, plugin: PluginRunner, pair: Pair, tmp_path: Path) -> Iterator[Check]:
    yield request.param(plugin, pair, tmp_path)
    for server in (pair.source, pair.replica):
        server.drop_user(USER)


def limit(server: Server, clause: str) -> None:
    """And what was used up until now is forgotten."""
    server.sql(["set sql_log_bin=0", f"alter user '{USER}'@'%' {clause}", "flush user_resources"])


def assert_unknown(answer: Answer, words: str, what: object) -> None:
    assert answer.code == UNKNOWN and words in answer.line1, (what, answer)
    assert not SQL.search(re.sub(r'"[^"]*"', "", answer.line1)), (what, answer)


def test_of_statements_whichever_is_the_last(check: Check, pair: Pair) -> None:
    for most in range(1, MOST_STATEMENTS):
        limit(pair.replica, f"with max_queries_per_hour {most}")
        answer = check()
        if answer.code == OK:
            break
        assert_unknown(answer, REACHED, most)
    assert 3 < most < MOST_STATEMENTS - 1
    assert "REPLICATION" not in answer.stdout.partition("\n")[2], answer


def test_of_connections(check: Check, pair: Pair) -> None:
    limit(pair.replica, "with max_connections_per_hour 1")
    pair.replica.log_in_once(USER, PASSWORD)
    assert_unknown(check(), REACHED, "connections")


def test_of_connections_at_a_time(check: Check, pair: Pair) -> None:
    limit(pair.replica, "with max_user_connections 1")
    with ExitStack() as stack:
        held = pymysql.connect(unix_socket=str(pair.replica.socket), user=USER, password=PASSWORD)
        stack.callback(held.close)
        assert_unknown(check(), REACHED, "connections at a time")


@pytest.mark.parametrize("clause, words", [("account lock", "the account is locked"),
                                           ("password expire", "the password has expired")])
def test_other_troubles_of_the_account(check: Check, pair: Pair, clause: str, words: str) -> None:
    limit(pair.replica, clause)
    assert_unknown(check(), words, clause)
