"""Members of a cluster without a replication channel of their own: group replication, Galera."""

from __future__ import annotations

import pytest

from conftest import PluginRunner
from replication_scene import PLUGIN
from sandbox import Sandbox, Server

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
