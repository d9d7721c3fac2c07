"""nrpe-config/grants: enough for what the checks do, and no more: without any one of them the plugin says which."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Answer, Pair, PluginRunner
from monitored_host import MONITOR, PASSWORD, SYNC, granted

OK, WARNING, CRITICAL, UNKNOWN = range(4)
FOR_SYNC = "GRANT SELECT ON shop.* TO 'evenkeel_sync'@'%'"
FOR_REPLICATION = {
    "mariadb": ["GRANT SLAVE MONITOR ON *.* TO 'evenkeel_monitor'@'localhost'"],
    "mysql": ["GRANT REPLICATION CLIENT ON *.* TO 'evenkeel_monitor'@'localhost'",
              "GRANT SELECT ON performance_schema.* TO 'evenkeel_monitor'@'localhost'"]}


@pytest.fixture
def shop(pair: Pair) -> Iterator[Pair]:
    pair.source.sql(["create database if not exists shop", "create table shop.orders (id int primary key, n int)",
                     "insert into shop.orders values (1, 1), (2, 2)"])
    pair.replica.wait_in_sync()
    for server in (pair.source, pair.replica):
        granted(server)
    yield pair


def replication(plugin: PluginRunner, pair: Pair, folder: Path) -> Answer:
    file = folder / "monitor.cnf"
    file.write_text(f"[client]\nuser={MONITOR}\npassword={PASSWORD}\nsocket={pair.replica.socket}\n")
    return plugin("check_mysql_replication", "-f", file)


def comparison(plugin: PluginRunner, pair: Pair, folder: Path, *more: str) -> Answer:
    file = folder / "sync.cnf"
    file.write_text(f"[client]\nuser={SYNC}\npassword={PASSWORD}\n")
    hosts = ",".join(f"{server.host}:{server.port}" for server in (pair.source, pair.replica))
    return plugin("check_table_sync", "-f", file, "-H", hosts, "--table", "shop.*", *more)


def test_they_are_enough(plugin: PluginRunner, shop: Pair, tmp_path: Path) -> None:
    for answer in (replication(plugin, shop, tmp_path), comparison(plugin, shop, tmp_path)):
        assert answer.code == OK and "GRANT" not in answer.stdout, answer.stdout
    shop.replica.sql(["set sql_log_bin=0", "update shop.orders set n=3 where id=2"])
    assert comparison(plugin, shop, tmp_path).code == CRITICAL
    with shop.replica.breakages.sql_error(1062):
        answer = replication(plugin, shop, tmp_path)
        assert answer.code == CRITICAL and "Duplicate entry" in answer.line1, answer.stdout


def test_the_plugin_names_the_one_that_replication_lacks(plugin: PluginRunner, shop: Pair, tmp_path: Path) -> None:
    for missing in FOR_REPLICATION[shop.replica.family]:
        granted(shop.replica, without=missing)
        answer = replication(plugin, shop, tmp_path)
        assert answer.code == UNKNOWN and missing in answer.stdout, answer.stdout


def test_the_plugin_names_the_one_for_tables(plugin: PluginRunner, shop: Pair, tmp_path: Path) -> None:
    granted(shop.replica, without=FOR_SYNC)
    answer = comparison(plugin, shop, tmp_path)
    assert answer.code == UNKNOWN and "GRANT SELECT ON" in answer.stdout, answer.stdout


def test_what_max_lag_needs_is_in_a_comment(plugin: PluginRunner, shop: Pair, tmp_path: Path) -> None:
    script = (Path(__file__).parents[2] / "nrpe-config" / "grants" / f"{shop.source.family}.sql").read_text()
    [commented] = [line.strip("- ;") for line in script.splitlines() if line.startswith("-- GRANT")]
    answer = comparison(plugin, shop, tmp_path, "--max-lag", "60")
    assert answer.code == UNKNOWN and commented in answer.stdout, answer.stdout
    for server in (shop.source, shop.replica):
        server.sql(["set sql_log_bin=0", commented])
    assert comparison(plugin, shop, tmp_path, "--max-lag", "60").code == OK


def test_there_are_no_others(shop: Pair) -> None:
    """The tests above take away each of them."""
    script = (Path(__file__).parents[2] / "nrpe-config" / "grants" / f"{shop.source.family}.sql").read_text()
    statements = {line.rstrip(";") for line in script.splitlines() if line.startswith("GRANT")}
    assert statements == {FOR_SYNC, *FOR_REPLICATION[shop.source.family]}
