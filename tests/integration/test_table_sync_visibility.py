"""What the account may not see is said, and never taken for equal."""

from __future__ import annotations

import pytest

from conftest import Pair, PluginRunner
from sandbox import Server
from sync_scene import PASSWORD, USER, SyncScene, start_check

SEES = "the account sees"


def scene_of(pair: Pair, plugin: PluginRunner, source: list[str], replica: list[str] | None = None) -> SyncScene:
    pair.source.sql(["create database shop", "create table shop.a (id int primary key)",
                     "create table shop.b (id int primary key)", "insert into shop.a values (1)",
                     "create database hidden", *(f"create table hidden.t{n} (id int primary key)" for n in range(5))])
    pair.replica.wait_in_sync()
    scene = SyncScene([pair.source, pair.replica], plugin, grants=source)
    if replica is not None:
        drop_and_create(pair.replica, replica)
    return scene


def drop_and_create(server: Server, grants: list[str]) -> None:
    server.drop_user(USER)
    server.create_user(USER, PASSWORD, grants)


def test_an_account_that_sees_everything_says_nothing(pair: Pair, plugin: PluginRunner) -> None:
    answer = scene_of(pair, plugin, ["select on *.*"]).check("--table", "*.*", "--ignore-table", "sandbox_source.*")
    assert answer.code == 0 and SEES not in answer.stdout, answer
    answer = scene_of_again(pair, plugin, ["select on shop.*"]).check("--table", "shop.*")
    assert answer.code == 0 and SEES not in answer.stdout, answer


def scene_of_again(pair: Pair, plugin: PluginRunner, grants: list[str]) -> SyncScene:
    for server in (pair.source, pair.replica):
        server.drop_user(USER)
    return SyncScene([pair.source, pair.replica], plugin, grants=grants)


@pytest.mark.parametrize(("table", "grants", "says"), [
    ("*.*", ["select on shop.*"], f"{SEES} shop only: GRANT SELECT ON *.* TO '{USER}'@"),
    ("*.*", ["select on shop.*", "select on hidden.t1"],
     f"{SEES} shop and some tables of hidden only: GRANT SELECT ON *.* TO '{USER}'@"),
    ("shop.*", ["select on shop.a"], f"{SEES} some tables of shop only: GRANT SELECT ON `shop`.* TO '{USER}'@"),
    ("sho?.?", ["select on shop.a"], f"{SEES} some tables of shop only: GRANT SELECT ON *.* TO '{USER}'@"),
    ("*.*", ["select on shop.*", "show databases on *.*"], f"{SEES} shop only, not hidden"),
])
def test_what_it_sees_is_said(pair: Pair, plugin: PluginRunner, table: str, grants: list[str], says: str) -> None:
    scene = scene_of(pair, plugin, grants)
    for more in ([], ["--digest"]):
        answer = scene.check("--table", table, *more)
        assert answer.code == 0 and says in answer.line1, answer


@pytest.mark.parametrize("table", ["*.*", "hid*.*", "hidden.*"])
def test_a_database_that_one_account_may_not_read(pair: Pair, plugin: PluginRunner, table: str) -> None:
    scene = scene_of(pair, plugin, ["select on shop.*", "select on hidden.*"], ["select on shop.*"])
    answer = scene.check("--table", table)
    assert answer.code == 3, answer
    assert "may not read the database hidden" in answer.line1 and "GRANT SELECT ON `hidden`.* TO" in answer.line1, answer
    assert "hidden.t1" not in answer.stdout and "missing:" in answer.stdout
    drop_and_create(pair.replica, ["select on shop.*", "select on hidden.*"])
    assert scene.check("--table", table).code == 0


def test_a_table_that_one_account_may_not_read(pair: Pair, plugin: PluginRunner) -> None:
    scene = scene_of(pair, plugin, ["select on shop.*"], ["select on shop.a"])
    answer = scene.check("--table", "shop.*")
    assert answer.code == 3 and "GRANT SELECT ON `shop`.`b` TO" in answer.line1, answer


def test_a_database_that_is_missing(pair: Pair, plugin: PluginRunner) -> None:
    scene = scene_of(pair, plugin, ["select on *.*"])
    scene.only_on(pair.source, "create database bare")
    options = ["--table", "*.*", "--ignore-table", "sandbox_source.*", "--confirm", "0.2"]
    answer = scene.check(*options)
    assert answer.code == 1 and f"{scene.name(pair.replica)}: the database bare is missing" in answer.line1, answer
    assert scene.check(*options, "--ignore-table", "bare.*").code == 0
    scene.only_on(pair.source, "create table bare.t (id int primary key)")
    answer = scene.check(*options)
    assert answer.code == 2 and "the table bare.t is missing" in answer.line1, answer


def test_a_role_counts(pair: Pair, plugin: PluginRunner) -> None:
    scene = scene_of(pair, plugin, ["usage on *.*"])
    default = "set default role everything to" if pair.source.family == "mysql" else "set default role everything for"
    for server in scene.servers:
        server.sql(["set sql_log_bin=0", "drop role if exists everything", "create role everything",
                    "grant select on *.* to everything", f"grant everything to {USER}", f"{default} {USER}"])
    answer = scene.check("--table", "*.*", "--ignore-table", "sandbox_source.*")
    for server in scene.servers:
        server.sql(["set sql_log_bin=0", "drop role everything"])
    assert answer.code == 0 and SEES not in answer.stdout, answer


def test_what_mysql_withdraws(pair: Pair, plugin: PluginRunner) -> None:
    if pair.source.family != "mysql":
        pytest.skip("MySQL's partial_revokes")
    scene = scene_of(pair, plugin, ["select on *.*"])
    for server in scene.servers:
        server.sql(["set sql_log_bin=0", "set global partial_revokes=on", f"revoke select on hidden.* from {USER}"])
    answer = scene.check("--table", "*.*", "--ignore-table", "sandbox_source.*")
    for server in scene.servers:
        server.sql(["set sql_log_bin=0", f"drop user {USER}", "set global partial_revokes=off"])
    assert answer.code == 0 and "not hidden: GRANT SELECT ON `hidden`.* TO" in answer.line1, answer


def test_a_locked_table_of_which_it_may_read_some_columns(pair: Pair, plugin: PluginRunner) -> None:
    """The lock is gone before the rows are read, and the columns that show are the same everywhere."""
    scene = SyncScene([pair.source, pair.replica], plugin, ["usage on *.*"])
    scene.create_flags(100)
    scene.on_all(f"grant select (id) on shop.flags to {USER}")
    scene.only_on(pair.replica, "update shop.flags set active = 0 where id = 3")
    with pair.source.session() as source, pair.replica.session() as replica:
        for session in (source, replica):
            session.sql(["lock tables shop.flags write"])
        run = start_check(scene, "--table", "shop.flags", "--chunk-time", "0.2")
        for server in scene.servers:
            scene.wait_for_statement(server, "LIMIT 0")
        for server in scene.servers:
            scene.wait_for_no_statement(server, 20)
        for session in (source, replica):
            session.sql(["unlock tables"])
        out, err = run.communicate(timeout=60)
    assert run.returncode == 2 and err == "", out
    assert out.count("shop.flags: could not be read in time: it is locked") >= 2, out
    answer = scene.check("--table", "shop.flags")
    assert answer.code == 3 and "GRANT SELECT ON `shop`.`flags` TO" in answer.line1, answer
