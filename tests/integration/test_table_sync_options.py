"""Options that name something: in another case, not there, in backquotes, with blanks; and --where, which the server reads."""

from __future__ import annotations

import pytest

from conftest import Answer, Pair, PluginRunner
from sync_scene import SyncScene, wait_for


@pytest.fixture
def scene(pair: Pair, plugin: PluginRunner) -> SyncScene:
    made = SyncScene([pair.source, pair.replica], plugin, ["select on shop.*", "select on nosuch.*", "select on `shop.t`.*", "select on Shop.*", "select on SHOP.*"])
    made.source.sql(["create database shop", "create table shop.t (id int unsigned primary key, Name varchar(20), `Größe` int)",
                     "insert into shop.t values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)",
                     "create table shop.u (id int primary key, updated datetime)", "insert into shop.u values (1, now())"])
    made.settle()
    return made


def summary(answer: Answer) -> str:
    return answer.line1.partition(" | ")[0]


# --ignore-column


@pytest.mark.parametrize("column", ["Name", "name", "NAME", "`nAmE`", "n*", "NA?E"])
def test_a_column_is_left_out_in_any_case(scene: SyncScene, column: str) -> None:
    scene.only_on(scene.others[0], "update shop.t set Name = 'x' where id = 2")
    answer = scene.check("--table", "shop.t", "--ignore-column", f"shop.t.{column}")
    assert answer.code == 0 and "--ignore-column" not in summary(answer), answer


@pytest.mark.parametrize("column", ["größe", "GRÖSSE", "GRÖßE", "grÖ?e", "`GRÖßE`"])
def test_a_column_of_another_alphabet(scene: SyncScene, column: str) -> None:
    """As the server itself takes the name: an umlaut has two cases, and ß is no ss."""
    scene.only_on(scene.others[0], "update shop.t set `Größe` = 7 where id = 2")
    answer = scene.check("--table", "shop.t", "--ignore-column", f"shop.t.{column}")
    assert answer.code == (2 if "SS" in column else 0), answer


def test_the_same_column_in_another_case_is_no_difference(scene: SyncScene) -> None:
    scene.only_on(scene.others[0], "alter table shop.t change `Größe` `GRÖßE` int", "alter table shop.t change Name NAME varchar(20)")
    answer = scene.check("--table", "shop.t")
    assert answer.code == 0, answer


@pytest.mark.parametrize(("given", "code"), [
    ("shop.t.nosuch", 3), ("shop.t.`na me`", 3), ("shop.nosuch.id", 3), ("nosuch.t.id", 3), ("SHOP.t.id", 3), ("shop.T.id", 3),
    ("`shop.t`.t.id", 3), ("shop.t.nosuch*", 0), ("*.*.updatet", 0), ("nosuch*.*.*", 0)])
def test_an_ignored_column_that_is_not_there(scene: SyncScene, given: str, code: int) -> None:
    for options in ([], ["--digest"]):
        answer = scene.check("--ignore-column", given, *options)
        assert answer.code == code and "--ignore-column: no " in summary(answer), answer
        assert summary(answer).count("--ignore-column") == 1, answer
    # One that hits and one that does not: the second is said all the same.
    answer = scene.check("--ignore-column", "shop.u.updated", "--ignore-column", given)
    assert answer.code == code and given in summary(answer) and "shop.u.updated" not in summary(answer), answer


def test_an_ignored_column_that_the_account_may_not_see(pair: Pair, plugin: PluginRunner, scene: SyncScene) -> None:
    for server in scene.servers:
        scene.only_on(server, "revoke select on shop.* from 'syncer'@'%'", "grant select (id, Name) on shop.t to 'syncer'@'%'")
    answer = scene.check("--table", "shop.t", "--ignore-column", "shop.t.größe")
    assert answer.code == 0 and "--ignore-column" not in summary(answer), answer


# --table and --ignore-table


@pytest.mark.parametrize("given", ["shop.nosuch", "nosuch.t", "shop.`t.u`", "`shop.t`.`*`"])
def test_a_table_that_no_server_has(scene: SyncScene, given: str) -> None:
    """It is missing, and the servers do not differ in it."""
    answer = scene.check("--table", given)
    name = given.replace("`", "")
    assert answer.code == 2 and f"the table {name} is missing on all servers" in summary(answer), answer
    assert "tables_differing" not in answer.perfdata, answer
    answer = scene.check("--table", given, "--table", "shop.t")
    assert answer.code == 2 and answer.perfdata["tables_differing"].value == 0, answer
    assert answer.stdout.count("is missing") <= 2, answer


@pytest.mark.parametrize("given", ["shop.T", "Shop.t", "SHOP.T"])
def test_a_table_in_another_case(scene: SyncScene, given: str) -> None:
    answer = scene.check("--table", given)
    assert answer.code == 3 and "there is shop.t" in summary(answer), answer
    # Where one server has it, another one lacks it: in another case is not that table.
    scene.only_on(scene.source, "create table shop.V (id int primary key)")
    scene.only_on(scene.others[0], "create table shop.v (id int primary key)")
    answer = scene.check("--table", "shop.V", "--confirm", "0.5")
    assert answer.code == 2 and f"{scene.name(scene.others[0])}: the table shop.V is missing" in summary(answer), answer
    assert answer.perfdata["tables_differing"].value == 1, answer


@pytest.mark.parametrize(("given", "hits"), [
    ("shop.u", True), ("`shop`.`u`", True), ("sho?.u*", True), ("shop.U", False), ("shop.nosuch", False), ("nosuch.*", False)])
def test_an_ignored_table(scene: SyncScene, given: str, hits: bool) -> None:
    answer = scene.check("--ignore-table", given)
    assert answer.code == 0 and answer.perfdata["rows_compared"].value == (3 if hits else 4), answer
    assert ("--ignore-table: no table of --table matches " + given in summary(answer)) == (not hits), answer


@pytest.mark.parametrize("option", ["--table", "--ignore-table", "--ignore-column"])
@pytest.mark.parametrize("blank", [" shop.t", "shop.t ", "shop. t", "shop .t", "shop.t\t", "\nshop.t"])
def test_blanks_around_a_name(plugin: PluginRunner, option: str, blank: str) -> None:
    given = blank if option != "--ignore-column" else blank + ".id"
    table = [] if option == "--table" else ["--table", "shop.t"]
    answer = plugin("check_table_sync", "-H", "127.0.0.1:1,127.0.0.1:2", *table, option, given)
    assert answer.code == 3 and option in answer.line1 and "blank" in answer.line1, answer
    assert answer.stdout.count("\n") == 1, answer


def test_all_tables_are_left_out(scene: SyncScene) -> None:
    answer = scene.check("--ignore-table", "shop.*")
    assert answer.code == 3 and "--ignore-table leaves out all of them" in summary(answer), answer
    answer = scene.check("--ignore-column", "shop.*.*")
    assert answer.code == 3 and "--ignore-column may leave out all columns" in summary(answer), answer
    for given in (answer, scene.check("--ignore-table", "shop.*")):
        assert not given.perfdata, given


def test_a_digest_of_nothing_has_no_value(scene: SyncScene) -> None:
    for options in (["--table", "shop.nosuch"], ["--table", "nosuch.*"], ["--ignore-table", "shop.*"]):
        answer = scene.check("--digest", *options)
        assert answer.code in (2, 3) and not answer.perfdata, answer
    answer = scene.check("--digest", "--table", "shop.t")
    assert answer.code == 0 and answer.perfdata["rows_compared"].value == 6, answer


# --where

WRONG = {
    "nosuch > 1": "no column 'nosuch' in shop.t", "t.nope = 1": "no column 't.nope' in shop.t", "`no such` = 1": "no column 'no such'",
    "id in (select nope from shop.u)": "no column 'nope'", "id >": "a syntax error", "id = = 1": "a syntax error",
    "shop.nosuch(id) = 1": "privilege missing", "id in (select id from shop.none)": "no table 'shop.none'",
    "id in (select user from mysql.user)": "privilege missing", "id = (select id from shop.t x)": "error 1242", "id - 5 > 0": "error 1690",
    "count(*) > 1": "count(), sum()", "concat() = 1": "wrong arguments of concat()", "Name regexp '['": "cannot evaluate it for shop.t",
}


@pytest.mark.parametrize("condition", WRONG)
def test_a_condition_that_the_server_refuses(scene: SyncScene, condition: str) -> None:
    try:
        for server in scene.servers:
            server.sql("set global lc_messages = 'fr_FR'")
        for language in ("fr_FR", "en_US"):
            for server in scene.servers:
                server.sql(f"set global lc_messages = '{language}'")
            for options in ([], ["--digest"]):
                answer = scene.check("--table", "shop.t", "--where", condition, *options)
                assert answer.code == 3 and "--where: " in summary(answer) and WRONG[condition] in summary(answer), answer
                assert "SELECT" not in answer.line1 and "`" not in answer.line1, answer
                assert answer.seconds < 8 and "rows_compared" not in answer.perfdata, answer
    finally:
        for server in scene.servers:
            server.sql("set global lc_messages = 'en_US'")


def test_a_condition_that_some_tables_do_not_understand(scene: SyncScene) -> None:
    answer = scene.check("--where", "updated > '2000-01-01'")
    assert answer.code == 3 and "--where: no column 'updated' in shop.t" in summary(answer), answer
    assert answer.perfdata["rows_compared"].value == 1, answer
    answer = scene.check("--where", "id >")
    assert answer.code == 3 and answer.stdout.count("a syntax error") <= 2, answer


@pytest.mark.parametrize("condition", ["rand() < 0.5", "RAND (3) < 0.5", "uuid() > 'a'", "id = @x", "id = @@server_id", "get_lock('a', 1)",
                                       "id in (select id from shop.u for update)", "id in (select id from shop.u lock in share mode)"])
def test_a_condition_that_means_other_rows_each_time(scene: SyncScene, condition: str) -> None:
    answer = scene.check("--table", "shop.t", "--where", condition)
    assert answer.code == 3 and "--where: " in summary(answer), answer
    # Within quotes they are text.
    assert scene.check("--table", "shop.t", "--where", f"Name <> '{condition.replace(chr(39), '')}'").code == 0


@pytest.mark.parametrize("condition", ["sleep(3) = 0", "benchmark(1000000000, sha2('x', 512)) = 0"])
def test_a_condition_that_takes_long_is_bounded(scene: SyncScene, condition: str) -> None:
    answer = scene.check("--table", "shop.t", "--where", condition, "-t", "6")
    assert answer.code in (2, 3) and answer.seconds < 7, answer
    for server in scene.servers:
        wait_for(lambda s=server: not scene.statements_running(s), 10, "nothing is left running")


def test_what_differs_in_a_table_without_a_key_is_remembered_with_its_server(scene: SyncScene) -> None:
    scene.source.sql(["create table shop.log (n int)", "insert into shop.log values (1), (2)"])
    scene.settle()
    replica = scene.others[0]
    scene.only_on(replica, "insert into shop.log values (3)")
    says = f"shop.log: {scene.name(replica)} differs (no key: compared in one piece, no rows named)"
    assert says in scene.check("--table", "shop.log").line1
    # In the next run nobody can read it.
    with scene.source.session() as session:
        session.sql("lock tables shop.log write")
        answer = scene.check("--table", "shop.log", "-t", "8")
        assert answer.code == 2 and says in answer.stdout, answer
        session.sql("unlock tables")
    scene.only_on(replica, "delete from shop.log where n = 3")
    assert scene.check("--table", "shop.log").code == 0
