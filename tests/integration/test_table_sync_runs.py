"""What several runs say together: counts, coverage, what was undecided, and what is said of a table that is gone."""

from __future__ import annotations

import random
import re
import threading

import pytest
from conftest import SOAK, Answer, Pair, PluginRunner
from sandbox import KINDS
from sync_scene import SyncScene, numbers, start_check, state_files, wait_for


@pytest.fixture
def scene(pair: Pair, plugin: PluginRunner) -> SyncScene:
    return SyncScene([pair.source, pair.replica], plugin)


def create(scene: SyncScene, table: str, key: str, rows: int) -> None:
    value = "n" if key == "int" else "concat('key', n)"
    scene.source.sql(["create database if not exists shop", f"create table shop.{table} (k {key} primary key, v int)",
                      f"insert into shop.{table} select {value}, n from {numbers(rows)}", f"analyze table shop.{table}"])
    scene.settle()


def coverage(answer: Answer) -> float:
    return answer.perfdata["coverage"].value if "coverage" in answer.perfdata else 0


def rows_differing(answer: Answer) -> float:
    assert "rows_differing" in answer.perfdata, answer
    return answer.perfdata["rows_differing"].value


# The plain one on each kind of server, the others on one each.
DRIFTED = [(kind, key, options)
           for number, (key, options) in enumerate([("int", []), ("varchar(20)", []), ("int", ["--strong"]), ("int", ["--threads", "2"])])
           for place, kind in enumerate(KINDS) if SOAK or number == 0 or place == number % len(KINDS)]


@pytest.mark.parametrize(("kind", "key", "options"), DRIFTED, indirect=["kind"],
                         ids=[" ".join([kind, key, *options]) for kind, key, options in DRIFTED])
def test_a_table_that_drifted_all_over(scene: SyncScene, key: str, options: list[str]) -> None:
    """Never more than there are; further with each run; exact at the end of the pass."""
    rows = 50000 if SOAK else 24000
    named = 20000 if key == "int" else 17000  # text takes more room
    create(scene, "t", key, rows)
    create(scene, "u", "int", 10)
    scene.only_on(scene.others[0], "update shop.t set v = v + 1")
    seen = [0.0]
    while seen[-1] < 100:
        # Half of the time for the rows that are known; more for those that are confirmed, also on a busy machine.
        answer = scene.check("-t", "20", "--budget", "6", *options)
        assert answer.code == 2, answer
        assert rows_differing(answer) <= rows, answer
        # 99 is the most that is said before the end.
        assert coverage(answer) > min(seen[-1], 98.9), (seen, answer)
        seen.append(coverage(answer))
        if seen[-1] < 100:
            assert "more rows not named" not in answer.line1 or "at least" in answer.line1, answer
    assert rows_differing(answer) == rows and "at least" not in answer.line1, answer
    # In the next pass, too.
    for _ in range(2 if SOAK else 1):
        assert min(rows, named) <= rows_differing(scene.check("-t", "15", *options)) <= rows


def test_counts_of_runs_that_are_killed_or_at_once(scene: SyncScene) -> None:
    rows = 25000 if SOAK else 10000
    create(scene, "t", "int", rows)
    scene.only_on(scene.others[0], "update shop.t set v = v + 1")
    chance = random.Random(1)
    for turn in range(6 if SOAK else 4):
        processes = [start_check(scene, "-t", "8") for _ in range(2)]
        if turn % 2 == 0:
            timer = threading.Timer(chance.uniform(0.5, 6), processes[0].kill)
            timer.start()
        for process in processes:
            out, _ = process.communicate(timeout=20)
            for count in re.findall(r"rows_differing=(\d+)", out):
                assert int(count) <= rows, out
        if turn % 2 == 0:
            timer.join()
    for _ in range(20):
        answer = scene.check("-t", "12")
        assert rows_differing(answer) <= rows, answer
        if coverage(answer) == 100 and "at least" not in answer.line1:
            break
    assert coverage(answer) == 100, answer


@pytest.mark.parametrize("key", ["primary key", ""])
def test_what_time_was_too_short_for_is_told_by_the_second_run(scene: SyncScene, key: str) -> None:
    """Each look at the row takes most of a second; a dozen do not fit."""
    scene.source.sql(["create database shop", f"create table shop.t (id int {key}, v int)", "insert into shop.t values (1, 1)"])
    scene.settle()
    scene.on_all("create table shop.pace (delay double)", "insert into shop.pace values (0.7)")
    scene.only_on(scene.others[0], "update shop.t set v = 2")
    # Begun in the second half of its time, as by a run that other tables keep busy.
    slow = ["--table", "shop.t", "--where", "sleep((select delay from shop.pace)) = 0", "--confirm", "0.5"]
    first = scene.check(*slow, "-t", "6")
    assert first.code in (0, 3), first
    assert "no difference" not in first.line1 and "time ran out" in first.line1, first
    second = scene.check(*slow, "-t", "6")
    assert second.code == 3 and "time ran out" in second.line1, second
    assert "locked" not in second.line1 and "move" not in second.line1, second
    without_state = scene.check(*slow, "-t", "6", "--no-state")
    assert without_state.code == 3 and "time ran out" in without_state.line1, without_state
    scene.on_all("update shop.pace set delay = 0")
    last = scene.check(*slow, "-t", "20")
    assert last.code == 2, last


def test_known_rows_that_took_the_time_are_no_lock(scene: SyncScene) -> None:
    """One look at the row that an earlier run owes takes most of the time; the range after it has too little."""
    scene.source.sql(["create database shop", "create table shop.t (id int primary key, v int)", "insert into shop.t values (1, 1)"])
    scene.settle()
    scene.on_all("create table shop.pace (delay double)", "insert into shop.pace values (0.7)")
    scene.only_on(scene.others[0], "update shop.t set v = 2")
    slow = ["--table", "shop.t", "--where", "sleep((select delay from shop.pace)) = 0", "--confirm", "0.5"]
    first = scene.check(*slow, "-t", "6")
    assert "time ran out" in first.line1, first
    scene.only_on(scene.others[0], "update shop.t set v = 1")
    scene.on_all("update shop.pace set delay = 4.5")
    second = scene.check(*slow, "-t", "8")
    assert second.code != 2 and "locked" not in second.stdout, second


def test_rows_of_a_table_that_is_missing_by_now(scene: SyncScene) -> None:
    scene.create_flags(100)
    scene.only_on(scene.others[0], "delete from shop.flags where id <= 5")
    assert scene.check().perfdata["rows_differing"].value == 5
    assert state_files(scene.plugin.state_dir)
    scene.only_on(scene.others[0], "drop table shop.flags")
    answer = scene.check()
    assert answer.code == 2 and "is missing" in answer.line1 and "lacks" not in answer.stdout, answer
    assert "rows_differing" not in answer.perfdata and answer.perfdata["tables_differing"].value == 1, answer


def test_rows_of_a_table_without_a_key_are_counted(scene: SyncScene) -> None:
    scene.source.sql(["create database shop", "create table shop.log (n int)",
                      f"insert into shop.log select n from {numbers(12345)}"])
    scene.settle()
    answer = scene.check()
    assert answer.code == 0 and answer.perfdata["rows_compared"].value == 12345, answer


def test_a_table_without_a_key_that_never_holds_still(scene: SyncScene) -> None:
    """The replica is always a second behind: in each round the sums differ, and are other ones."""
    [replica] = scene.others
    scene.source.sql(["create database shop", "create table shop.log (n int)", "insert into shop.log values (0)"])
    scene.settle()
    stop = threading.Event()

    def count() -> None:
        with scene.source.session() as session:
            while not stop.wait(0.02):
                session.sql("update shop.log set n = n + 1")

    thread = threading.Thread(target=count)
    with replica.breakages.delayed(1, waiting=False):
        thread.start()
        try:
            wait_for(lambda: scene.source.sql("select n from shop.log") != replica.sql("select n from shop.log"), 20, "it is behind")
            answer = scene.check("-t", "15", "--confirm", "1")
        finally:
            stop.set()
            thread.join()
    assert answer.code == 3 and "no difference" not in answer.line1, answer
    assert "rows_compared" not in answer.perfdata and "coverage" not in answer.perfdata, answer
    scene.settle()


def test_metrics_without_anything_compared(scene: SyncScene) -> None:
    scene.create_flags(10)
    nothing = {"rows_differing", "tables_differing", "rows_unconfirmed", "rows_compared", "coverage", "oldest_verified"}
    dead = "127.0.0.1:1"
    for options in (["-H", f"{dead},127.0.0.1:2"], ["-H", f"{dead},{scene.name(scene.source)}"], ["--table", "nosuch.*"]):
        answer = scene.check(*options)
        assert answer.code in (2, 3) and not nothing & answer.perfdata.keys(), answer
    answer = scene.check("--table", "shop.nowhere")
    # No difference between servers, and nothing compared.
    assert answer.code == 2 and not nothing & answer.perfdata.keys(), answer
    scene.only_on(scene.others[0], "revoke select on shop.* from 'syncer'@'%'")
    answer = scene.check()
    assert answer.code == 3 and not nothing & answer.perfdata.keys(), answer
