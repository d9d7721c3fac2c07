"""check_table_sync on real servers: every drift found, nothing else reported, nothing left behind."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import SANITIZED, SOAK, Pair, PluginRunner
from sandbox import KindUnavailable, Sandbox, Server, kinds
from sync_scene import PLUGIN, USER, SyncScene, Writer, age_state, state_files, wait_for, writing

SHARED_SERVERS = "trio"  # see conftest.py
MISSING = "is missing"


@pytest.fixture
def scene(pair: Pair, plugin: PluginRunner) -> SyncScene:
    return SyncScene([pair.source, pair.replica], plugin)


@pytest.fixture(scope="module")
def trio_box() -> Iterator[list[Server]]:
    with Sandbox() as box:
        source = box.server("db1")
        yield [source, box.replica("db2", of=source), box.replica("db3", of=source)]


@pytest.fixture
def trio(trio_box: list[Server], plugin: PluginRunner) -> SyncScene:
    for server in trio_box:
        server.thaw()
        server.start()
    for replica in trio_box[1:]:
        replica.start_replica()
        replica.sql(["set sql_log_bin=0", "drop database if exists shop"])
    trio_box[0].sql("drop database if exists shop")
    for replica in trio_box[1:]:
        replica.wait_in_sync(30)
    return SyncScene(trio_box, plugin)


# what differs


def test_equal_servers(scene: SyncScene) -> None:
    scene.create_flags()
    answer = scene.check()
    assert answer.code == 0, answer
    assert "1 table, 10000 rows compared" in answer.line1 and "no difference" in answer.line1
    assert answer.perfdata["rows_differing"].value == 0
    assert answer.perfdata["rows_differing"].crit == "0"
    assert answer.perfdata["rows_compared"].value == 10000
    assert answer.perfdata["coverage"].value == 100
    assert answer.perfdata["oldest_verified"].uom == "s"
    assert answer.stderr == ""


def test_the_same_change_in_many_rows(scene: SyncScene) -> None:
    scene.create_flags()
    scene.only_on(scene.others[0], "update shop.flags set active = 0 where id between 10 and 209")
    answer = scene.check()
    replica = scene.name(scene.others[0])
    assert answer.code == 2, answer
    assert f"shop.flags: {replica} differs in 200 rows (id 10, 11, 12, …)" in answer.line1
    assert answer.perfdata["rows_differing"].value == 200
    assert answer.perfdata["tables_differing"].value == 1


def test_changed_missing_and_extra_rows(scene: SyncScene) -> None:
    scene.create_flags()
    replica = scene.others[0]
    scene.only_on(replica, "update shop.flags set name = '' where id = 5", "delete from shop.flags where id in (7, 9000)",
                  "insert into shop.flags values (20001, 'x', null, null)")
    answer = scene.check()
    assert answer.code == 2
    assert (f"{scene.name(replica)} differs in 4 rows: 1 changed (id 5), 2 missing (id 7, 9000), 1 extra (id 20001)"
            in answer.line1)
    shown = scene.check("-vvv").stdout
    assert f"5: name: 'n5' on {scene.name(scene.source)}, '' on {scene.name(replica)}" in shown
    assert f"7: no row on {scene.name(replica)}" in shown
    assert scene.plugin.state_dir.exists()


@pytest.mark.parametrize(("column", "first", "step"), [
    ("bigint", -9223372036854775807, 700), ("bigint", -1500, 1), ("bigint unsigned", 18446744073709545000, 2),
    ("int", 1, 300_000), ("smallint", -3000, 1), ("tinyint unsigned", 0, 0)])
def test_drift_all_over_the_table(scene: SyncScene, column: str, first: int, step: int) -> None:
    """Dense and sparse keys, at both ends of their range: each row that differs is counted, none else."""
    chance = random.Random(first)
    keys = [first + step * n for n in range(3000)] if step else list(range(256))
    scene.on_all("create database shop", f"create table shop.t (k {column} primary key, v int)",
                 "insert into shop.t values " + ",".join(f"({key}, {chance.randrange(10**9)})" for key in keys))
    drifted = chance.sample(keys, len(keys) // 20)
    # A run of neighbours, too.
    drifted = sorted({*drifted, *keys[100:140]})
    changed, missing = drifted[::2], drifted[1::2]
    listed = ",".join
    scene.only_on(scene.others[0], f"update shop.t set v = v + 1 where k in ({listed(map(str, changed))})",
                  f"delete from shop.t where k in ({listed(map(str, missing))})")
    answer = scene.check("--output", "json", "--confirm", "0.5")
    facts = json.loads(answer.stdout)["facts"]["rows of shop.t"]
    assert f"{len(drifted)} rows" in facts, (len(drifted), facts)
    named = {int(key) for key in re.findall(r"(-?\d+),", facts)}
    assert named <= set(drifted) and len(named) >= 10, facts


def test_a_row_in_another_place(scene: SyncScene) -> None:
    """Swapped values, and a row that left one chunk for another: sums of digests would be the same."""
    scene.create_flags()
    scene.only_on(scene.others[0], "update shop.flags set name = if(id = 3, 'n4', 'n3') where id in (3, 4)",
                  "update shop.flags set id = 50000 where id = 100")
    answer = scene.check("--chunk-time", "0.01")
    assert answer.perfdata["rows_differing"].value == 4, answer


def test_the_majority_is_named(trio: SyncScene) -> None:
    trio.create_flags()
    db1, db2, db3 = map(trio.name, trio.servers)
    trio.only_on(trio.servers[2], "update shop.flags set active = 0 where id between 10 and 209")
    answer = trio.check()
    assert answer.code == 2
    assert f"shop.flags: {db3} differs in 200 rows (id 10, 11, 12, …); {db1} = {db2}" in answer.line1
    trio.only_on(trio.servers[1], "update shop.flags set active = 0 where id between 10 and 209")
    answer = trio.check()
    assert f"{db1} differs in 200 rows" in answer.line1 and f"{db2} = {db3}" in answer.line1, answer.line1


def test_a_drift_stays_until_it_has_healed(scene: SyncScene) -> None:
    scene.create_flags()
    scene.only_on(scene.others[0], "update shop.flags set active = 0 where id = 10")
    assert scene.check().code == 2
    assert scene.check().perfdata["rows_differing"].value == 1
    scene.only_on(scene.others[0], "update shop.flags set active = 1 where id = 10")
    assert scene.check().code == 0


def test_thresholds(scene: SyncScene) -> None:
    scene.create_flags()
    scene.only_on(scene.others[0], "update shop.flags set active = 0 where id <= 3")
    assert scene.check("-w", "0", "-c", "5", "-c", "tables_differing=5").code == 1
    answer = scene.check("-c", "5", "-c", "tables_differing=5")
    assert answer.code == 0 and "3 differing rows within thresholds" in answer.line1, answer
    assert scene.check("-c", "2").code == 2


# what is not the same table


def test_a_missing_table(scene: SyncScene) -> None:
    scene.create_flags(10)
    scene.only_on(scene.others[0], "drop table shop.flags")
    answer = scene.check()
    assert answer.code == 2 and "the table shop.flags is missing" in answer.line1, answer
    assert answer.perfdata["tables_differing"].value == 1
    answer = scene.check("--table", "shop.nowhere")
    assert answer.code == 2 and "the table shop.nowhere is missing" in answer.line1
    answer = scene.check("--table", "nosuch.*")
    assert answer.code == 3 and "no table matches nosuch.*" in answer.line1


def test_another_definition(scene: SyncScene) -> None:
    scene.create_flags(100)
    scene.only_on(scene.others[0], "alter table shop.flags modify name varchar(30)")
    answer = scene.check()
    assert answer.code == 1 and "name" in answer.line1 and "varchar(30)" in answer.line1, answer
    assert answer.perfdata["rows_compared"].value == 100
    scene.only_on(scene.others[0], "update shop.flags set active = 0 where id = 10")
    assert scene.check().code == 2


def test_a_table_without_a_key(scene: SyncScene) -> None:
    scene.source.sql(["create database shop", "create table shop.log (a int, b varchar(10))",
                      "insert into shop.log values (1, 'x'), (1, 'x'), (2, null)"])
    scene.settle()
    answer = scene.check()
    assert answer.code == 0 and "no usable key" in answer.line1, answer
    scene.only_on(scene.others[0], "insert into shop.log values (1, 'x')")
    answer = scene.check()
    assert answer.code == 2 and f"shop.log: {scene.name(scene.others[0])} differs (no key" in answer.line1, answer
    assert answer.perfdata["tables_differing"].value == 1


def test_options_that_say_what_to_compare(scene: SyncScene) -> None:
    scene.create_flags(100)
    scene.source.sql("create table shop.other (id int primary key)")
    scene.settle()
    scene.only_on(scene.others[0], "update shop.flags set active = 0 where id = 10", "insert into shop.other values (1)")
    assert scene.check("--ignore-table", "shop.other", "--ignore-column", "shop.flags.active").code == 0
    assert scene.check("--ignore-table", "shop.other", "--where", "id > 10").code == 0
    assert scene.check("--table", "shop.other").code == 2
    answer = scene.check("--reference", scene.name(scene.others[0]), "--table", "shop.other")
    assert f"{scene.name(scene.source)} lacks 1 row (id 1)" in answer.line1, answer
    for wrong, words in ((["--reference", "nobody"], "--reference"), (["--budget", "99"], "--budget"), (["--where", "1) or (1"], "closes a bracket"),
                         (["--table", "flags"], "--table"), (["-H", "localhost"], "at least two")):
        answer = scene.check(*wrong)
        assert answer.code == 3 and words in answer.line1, answer


# sound on moving data


def rounds_under_fire(scene: SyncScene, seconds: float) -> int:
    """No run may report a row; the number of runs."""
    end, runs = time.monotonic() + seconds, 0
    while runs < 2 or time.monotonic() < end:
        answer = scene.check("-t", "30", "-v")
        assert answer.code == 0, answer.stdout
        assert answer.perfdata["rows_differing"].value == 0
        runs += 1
    return runs


def test_rows_in_flight_never_count_and_a_cold_drift_always_does(scene: SyncScene) -> None:
    rows = 20000
    scene.create_flags(rows)
    with writing(scene.source, rows, threads=2, followers=scene.others, rate=None) as writers:
        rounds_under_fire(scene, 60 if SOAK else 8)
        scene.only_on(scene.others[0], "update shop.flags set created = '2001-01-01' where id = 50")
        answer = scene.check("-t", "30")
        assert answer.code == 2 and "(id 50)" in answer.line1, answer
        assert answer.perfdata["rows_differing"].value == 1
    assert sum(writer.transactions for writer in writers) > 500
    scene.settle()


def test_a_toggling_row_never_counts(scene: SyncScene) -> None:
    """A, B, A, B on the source, as fast as it goes."""
    scene.create_flags(50)

    class Toggler(Writer):
        def one(self) -> list[str]:
            return ["update shop.flags set active = 1 - active where id <= 3"]

    stop = threading.Event()
    toggler = Toggler(scene.source, 50, followers=scene.others)
    thread = threading.Thread(target=toggler.run, args=(stop,))
    thread.start()
    try:
        for _ in range(20 if SOAK else 3):
            answer = scene.check()
            assert answer.code == 0 and answer.perfdata["rows_differing"].value == 0, answer
    finally:
        stop.set()
        thread.join()
    scene.settle()


def test_the_reference_may_be_the_one_that_lags(scene: SyncScene) -> None:
    """The replica is named first, and is behind: its old row is not the right one."""
    scene.create_flags(1000)
    replica = scene.others[0]
    hosts = ["-H", f"{scene.name(replica)},{scene.name(scene.source)}"]
    with replica.session() as session:
        session.sql("lock tables shop.flags read")
        scene.source.sql("update shop.flags set active = 0 where id <= 5")
        release = threading.Timer(2, lambda: session.sql("unlock tables"))
        release.start()
        answer = scene.check(*hosts)
        release.join()
    assert answer.code == 0 and answer.perfdata["rows_differing"].value == 0, answer


def test_a_replica_that_does_not_apply_is_unknown(scene: SyncScene) -> None:
    scene.create_flags(1000)
    replica = scene.others[0]
    with replica.breakages.stop_sql():
        scene.source.sql("update shop.flags set active = 0 where id <= 5")
        answer = scene.check("--confirm", "1")
        assert answer.code == 3, answer
        assert f"{scene.name(replica)}: does not apply" in answer.line1
        assert answer.perfdata["rows_differing"].value == 0
        assert answer.perfdata["rows_unconfirmed"].value == 5
    scene.settle()
    assert scene.check().code == 0


def test_a_drift_that_time_was_too_short_for_is_unknown(scene: SyncScene) -> None:
    """A replica that is always some seconds behind makes every look at a row a slow one."""
    scene.create_flags(1000)
    replica = scene.others[0]
    scene.only_on(replica, "update shop.flags set created = '2001-01-01' where id = 60")
    with replica.breakages.delayed(2, waiting=False), writing(scene.source, 1000):
        wait_for(lambda: not replica.dialect.has_applied(replica, scene.source.dialect.position(scene.source)), 10,
                 "the replica is behind")
        answer = scene.check("-t", "10", "--budget", "9")
        assert answer.code == 3, answer
        assert re.search(r"shop\.flags: \d+ rows? differs? and held still \(id .*time ran out", answer.line1), answer
        assert answer.perfdata["rows_differing"].value == 0
        assert answer.perfdata["rows_unconfirmed"].value >= 1
    scene.settle()
    answer = scene.check()
    assert answer.code == 2 and "(id 60)" in answer.line1, answer


def test_a_replica_that_stops_during_confirmation(scene: SyncScene) -> None:
    scene.create_flags(1000)
    replica = scene.others[0]
    scene.only_on(replica, "update shop.flags set created = '2001-01-01' where id = 60")
    stopper = threading.Timer(0.4, lambda: replica.stop_replica(thread="sql_thread"))
    with writing(scene.source, 1000):
        stopper.start()
        answer = scene.check("--confirm", "1")
        stopper.join()
    replica.start_replica()
    scene.settle()
    assert answer.code in (2, 3), answer
    assert answer.perfdata["rows_differing"].value <= 1, answer


def test_errant_rows_of_a_replica_are_drift(scene: SyncScene) -> None:
    """Written on the replica and in its binary log: its source will never have them."""
    scene.create_flags(1000)
    scene.others[0].sql("update shop.flags set active = 0 where id = 10")
    answer = scene.check()
    assert answer.code == 2 and "(id 10)" in answer.line1, answer


def test_servers_that_do_not_replicate(box: Sandbox, plugin: PluginRunner) -> None:
    scene = SyncScene([box.server("one"), box.server("two")], plugin)
    for server in scene.servers:
        SyncScene([server], plugin).create_flags(1000)
    assert scene.check().code == 0
    scene.others[0].sql("delete from shop.flags where id = 1000")
    began = time.monotonic()
    answer = scene.check("--confirm", "1.5")
    assert answer.code == 2 and "lacks 1 row (id 1000)" in answer.line1, answer
    assert time.monotonic() - began >= 1.5


def test_a_chain_of_replicas(box: Sandbox, plugin: PluginRunner) -> None:
    source = box.server("one")
    middle = box.replica("two", of=source)
    scene = SyncScene([source, middle, box.replica("three", of=middle)], plugin)
    scene.create_flags(5000)
    with writing(source, 5000, followers=scene.others):
        rounds_under_fire(scene, 4)
    scene.settle()
    scene.only_on(scene.servers[2], "delete from shop.flags where id = 60")
    assert "(id 60)" in scene.check().line1


# servers that fail


def test_a_dead_server_hides_nothing(trio: SyncScene) -> None:
    trio.create_flags()
    trio.only_on(trio.servers[1], "update shop.flags set active = 0 where id = 10")
    trio.servers[2].kill()
    answer = trio.check()
    assert answer.code == 2
    assert f"{trio.name(trio.servers[2])}: connecting" in answer.stdout
    assert f"shop.flags: {trio.name(trio.servers[1])} differs in 1 row (id 10)" in answer.stdout, answer


def test_a_frozen_server_hides_nothing(trio: SyncScene) -> None:
    trio.create_flags()
    trio.only_on(trio.servers[1], "update shop.flags set active = 0 where id = 10")
    trio.servers[2].freeze()
    answer = trio.check("-t", "20")
    trio.servers[2].thaw()
    assert answer.code == 2 and answer.seconds < 20
    assert f"{trio.name(trio.servers[2])}: no answer for" in answer.stdout
    assert f"shop.flags: {trio.name(trio.servers[1])} differs in 1 row (id 10)" in answer.stdout, answer


SLOW = ["--where", "sleep(0.002) = 0", "--chunk-time", "0.2", "--no-state"]


def start(scene: SyncScene, *options: object) -> subprocess.Popen[str]:
    command = [str(scene.plugin.path(PLUGIN)), *map(str, scene.arguments(*options))]
    return subprocess.Popen(command, env=scene.plugin.environment(), stdin=subprocess.DEVNULL, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_server_that_dies_or_freezes_in_mid_chunk(trio: SyncScene) -> None:
    trio.create_flags(5000)
    for end in (trio.servers[2].freeze, trio.servers[2].kill):
        process = start(trio, *SLOW, "--budget", "8", "-t", "20")
        trio.wait_for_statement(trio.servers[2])
        end()
        out, _ = process.communicate(timeout=22)
        trio.servers[2].thaw()
        assert process.returncode == 2, out
        assert trio.name(trio.servers[2]) in out.partition("\n")[0]
        trio.servers[2].start()


def test_a_server_that_freezes_while_others_are_slow(trio: SyncScene) -> None:
    """Whatever each run is at, and whether it has the time to wait for so long that the server counts as gone; some
    reach the limit for a statement, so that ranges are cut smaller."""
    trio.create_flags(5000)
    processes = []
    for number in range(16):
        pace, chunk_time = ((0.003, 0.1), (0.0005, 0.5))[number % 2]
        timeout = (8, 12, 20)[number // 2 % 3]
        processes.append(start(trio, "--where", f"sleep({pace}) = 0", "--chunk-time", chunk_time, "-t", timeout, "--no-state"))
        time.sleep(0.05)
    trio.wait_for_statement(trio.servers[2], "sleep(")
    trio.servers[2].freeze()
    try:
        outputs = [process.communicate(timeout=22)[0] for process in processes]
    finally:
        trio.servers[2].thaw()
    for process, out in zip(processes, outputs):
        assert process.returncode == 2 and trio.name(trio.servers[2]) in out.partition("\n")[0], out


def start_minutes_everywhere(scene: SyncScene, *options: object) -> subprocess.Popen[str]:
    """A table without a key is one statement, on all servers at once."""
    scene.create_flags(5000)
    scene.source.sql("alter table shop.flags drop primary key")
    scene.settle()
    process = start(scene, "--where", "sleep(0.1) = 0", "--chunk-time", "60", "--no-state", *options)
    for server in scene.servers:
        scene.wait_for_statement(server, "sleep(")
    return process


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_what_it_runs(scene: SyncScene, sent: signal.Signals) -> None:
    process = start_minutes_everywhere(scene)
    process.send_signal(sent)
    out, _ = process.communicate(timeout=5)
    for server in scene.servers:
        scene.wait_for_no_statement(server, 1)
    assert process.returncode == 3, out
    assert f"ended by {sent.name}" in out.partition("\n")[0]


def test_its_own_time_out_ends_it_and_what_it_runs(scene: SyncScene) -> None:
    process = start_minutes_everywhere(scene, "-t", "8", "--budget", "7.99")
    # Sanitizers look for leaks after the plugin's last word.
    process.communicate(timeout=11 if SANITIZED else 8.5)
    for server in scene.servers:
        scene.wait_for_no_statement(server, 1)


def test_the_server_ends_what_could_not_be_killed_in_time(scene: SyncScene) -> None:
    for server in scene.servers:
        scene.only_on(server, f"alter user {USER} with max_user_connections 1")
    process = start_minutes_everywhere(scene, "-t", "8")
    process.communicate(timeout=20)
    for server in scene.servers:
        scene.wait_for_no_statement(server, 10)


def test_after_sigkill_the_server_ends_it(scene: SyncScene) -> None:
    scene.create_flags(5000)
    process = start(scene, "--where", "sleep(0.001) = 0", "--chunk-time", "0.1")
    for server in scene.servers:
        scene.wait_for_statement(server)
    process.kill()
    process.communicate()
    for server in scene.servers:
        scene.wait_for_no_statement(server, 10)
    answer = scene.check()
    assert answer.code == 0, answer


def test_a_signal_tells_what_is_known(scene: SyncScene) -> None:
    scene.create_flags(5000)
    scene.only_on(scene.others[0], "update shop.flags set active = 0 where id = 1")
    scene.on_all("create table shop.pace (delay double)", "insert into shop.pace values (0)")
    slow = ["--table", "shop.flags", "--where", "id < 100 or sleep((select delay from shop.pace)) = 0"]
    assert scene.check(*slow).code == 2
    scene.on_all("update shop.pace set delay = 0.01")
    process = start(scene, *slow)
    scene.wait_for_statement(scene.source, "LIMIT")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=5)
    assert process.returncode == 2 and "differs in 1 row (id 1)" in out and "ended by SIGTERM" in out, out


# privileges


def test_select_is_enough(scene: SyncScene) -> None:
    assert scene.source.sql("select 1")
    scene.create_flags(100)
    scene.only_on(scene.others[0], "delete from shop.flags where id = 3")
    answer = scene.check()
    assert answer.code == 2 and "lacks 1 row (id 3)" in answer.line1, answer


def test_each_missing_privilege_is_named(pair: Pair, plugin: PluginRunner) -> None:
    scene = SyncScene([pair.source, pair.replica], plugin, ["usage on *.*"])
    scene.create_flags(100)
    for answer in (scene.check("--table", "shop.flags"), scene.check("--digest", "--table", "shop.flags")):
        assert answer.code == 3, answer
        assert "GRANT SELECT ON `shop`.`flags` TO 'syncer'@'%'" in answer.line1
    for server in scene.servers:
        server.sql(["set sql_log_bin=0", "grant select on shop.* to 'syncer'@'%'"])
    assert scene.check().code == 0
    answer = scene.check("--max-lag", "5")
    wanted = "REPLICATION CLIENT" if pair.source.family == "mysql" else "SLAVE MONITOR"
    assert answer.code == 3 and f"GRANT {wanted} ON *.* TO 'syncer'@'%'" in answer.line1, answer
    for server in scene.servers:
        server.sql(["set sql_log_bin=0", f"grant {wanted} on *.* to 'syncer'@'%'"])
    assert scene.check("--max-lag", "5").code == 0


def test_columns_that_the_account_may_not_see(pair: Pair, plugin: PluginRunner) -> None:
    scene = SyncScene([pair.source, pair.replica], plugin, ["usage on *.*"])
    scene.create_flags(100)
    scene.on_all("grant select (id) on shop.flags to 'syncer'@'%'")
    scene.only_on(scene.others[0], "update shop.flags set active = 0 where id = 3")
    for options in ([], ["--digest"]):
        answer = scene.check("--table", "shop.flags", *options)
        assert answer.code == 3 and "GRANT SELECT ON `shop`.`flags` TO 'syncer'@'%'" in answer.line1, answer
    # Who leaves them out knows.
    ignored = ["--ignore-column", "shop.flags.name", "--ignore-column", "shop.flags.active",
               "--ignore-column", "shop.flags.created"]
    assert scene.check("--table", "shop.flags", *ignored).code == 0
    # One server alone that hides them: another definition it is not.
    scene.only_on(scene.source, "grant select on shop.* to 'syncer'@'%'")
    answer = scene.check("--table", "shop.flags")
    assert answer.code == 3 and "column" not in answer.line1, answer


def test_many_tables_that_the_account_may_not_see_are_not_missing(pair: Pair, plugin: PluginRunner) -> None:
    scene = SyncScene([pair.source, pair.replica], plugin)
    scene.source.sql(["create database shop", *(f"create table shop.t{n} (id int primary key)" for n in range(120))])
    scene.settle()
    scene.only_on(scene.others[0], "revoke select on shop.* from 'syncer'@'%'")
    answer = scene.check()
    assert answer.code == 3 and "tables_differing" not in answer.perfdata, answer


# budget, state, resume


@pytest.mark.parametrize("key", ["primary key", ""])
@pytest.mark.parametrize("drifted", [False, True], ids=["", "and known to differ"])
def test_a_table_that_is_locked_is_not_in_order(scene: SyncScene, key: str, drifted: bool, tmp_path: Path) -> None:
    """However much time there is, whether or not the servers are asked for a condition first."""
    scene.source.sql(["create database shop", f"create table shop.t (id int {key})", "insert into shop.t values (1)"])
    scene.settle()
    runs = [["-t", seconds, "--state-dir", tmp_path / f"{seconds}-{len(where)}", *where]
            for seconds in (8, 12, 16) for where in ([], ["--where", "id > 0"])]
    if drifted:
        scene.only_on(scene.others[0], "update shop.t set id = 2")
        assert [scene.check(*run).code for run in runs] == [2] * len(runs)
    with scene.others[0].session() as session:
        session.sql(["lock tables shop.t write"])
        alone = scene.check("-t", 5, "--no-state")
        assert alone.code == 2 and "could not be read in time" in alone.line1, alone
        processes = [start(scene, *run, "-c", "rows_differing=1000") for run in runs]
        outputs = [process.communicate(timeout=30)[0] for process in processes]
    for run, process, out in zip(runs, processes, outputs):
        assert process.returncode == 2 and "could not be read in time" in out.partition("\n")[0], (run, out)
        if not drifted:
            assert not re.search("rows_compared|rows_differing|coverage", out.partition(" | ")[2]), (run, out)


def test_known_drift_never_keeps_a_pass_from_going_on(scene: SyncScene) -> None:
    scene.create_flags(3000)
    scene.source.sql("analyze table shop.flags")
    scene.only_on(scene.others[0], "delete from shop.flags where id in (3, 2990)")
    # Reading the known row again takes longer than that.
    slow = ["--where", "id > 0 and sleep(0.0003) = 0", "--chunk-time", "0.2", "--budget", "0.4"]
    for _ in range(20):
        answer = scene.check(*slow)
        if answer.perfdata["coverage"].value == 100:
            break
    assert answer.perfdata["rows_differing"].value == 2, answer


def test_a_third_of_the_table_at_a_time(scene: SyncScene) -> None:
    scene.create_flags(3000)
    scene.source.sql("analyze table shop.flags")
    scene.only_on(scene.others[0], "delete from shop.flags where id = 2990")
    slow = ["--where", "id > 0 and sleep(0.001) = 0", "--chunk-time", "0.1", "--budget", "1.6"]
    coverage, found = [], []
    for _ in range(6):
        answer = scene.check(*slow)
        assert answer.code in (0, 2), answer
        coverage.append(answer.perfdata["coverage"].value)
        found.append(answer.perfdata["rows_differing"].value)
        if coverage[-1] == 100:
            break
        assert "the next run goes on from there" in answer.line1
    assert 2 <= len(coverage) <= 5 and coverage == sorted(coverage) and coverage[-1] == 100, coverage
    assert found[-1] == 1, found
    # In the next pass it is known before it is reached.
    answer = scene.check(*slow)
    assert answer.perfdata["rows_differing"].value == 1 and answer.perfdata["coverage"].value == 100, answer
    # Another question starts anew.
    answer = scene.check(*slow[:1], "id > 1 and sleep(0.001) = 0", *slow[2:])
    assert answer.perfdata["coverage"].value < 100


def test_state_that_is_garbage_or_cannot_be_kept(scene: SyncScene) -> None:
    scene.create_flags(100)
    scene.only_on(scene.others[0], "delete from shop.flags where id = 3")
    assert scene.check().code == 2
    files = state_files(scene.plugin.state_dir)
    assert files
    for garbage in (b"", b"{", b"\xff" * 1000, b'{"format":1}'):
        for file in files:
            file.write_bytes(garbage)
        assert scene.check().perfdata["rows_differing"].value == 1
    answer = scene.check("--state-dir", "/proc/nowhere")
    assert answer.code == 2 and "could not keep state" in answer.line1, answer


def test_two_runs_at_once(scene: SyncScene) -> None:
    scene.create_flags(3000)
    scene.only_on(scene.others[0], "delete from shop.flags where id in (3, 2900)")
    slow = ["--where", "sleep(0.0003) = 0", "--chunk-time", "0.1"]
    runs = [start(scene, *slow) for _ in range(3)]
    for run in runs:
        out, _ = run.communicate(timeout=60)
        assert run.returncode == 2 and "lacks 2 rows" in out, out
    assert scene.check(*slow).perfdata["rows_differing"].value == 2


def test_a_busy_server_is_left_alone(scene: SyncScene) -> None:
    scene.create_flags(100)
    with contextlib_sleepers(scene.source, 4):
        answer = scene.check("--max-running", "2", "--budget", "1.5")
    assert "--max-running 2" in answer.line1 and "rows_compared" not in answer.perfdata, answer
    assert answer.code == 3 and "nothing was compared" in answer.line1, answer


def test_a_run_that_was_paused_all_the_time_is_no_success(scene: SyncScene) -> None:
    """An earlier run's word stands for a day, and reads as what it is."""
    scene.create_flags(100)
    assert scene.check().code == 0
    with contextlib_sleepers(scene.source, 4):
        answer = scene.check("--max-running", "2", "--budget", "1.5")
    assert answer.code == 0 and "this run compared nothing" in answer.line1, answer
    assert "--max-running 2" in answer.line1 and "earlier ones compared 1 table, last " in answer.line1, answer
    assert "no difference" not in answer.stdout and "rows compared" not in answer.stdout, answer
    assert "rows_compared" not in answer.perfdata and answer.perfdata["coverage"].value == 100, answer
    with contextlib_sleepers(scene.source, 4):
        answer = scene.check("--max-running", "2", "--budget", "1.5", "-c", "rows_compared=1:")
    assert answer.code == 3 and "no value for rows_compared: this run compared nothing" in answer.line1, answer
    age_state(scene.plugin.state_dir, 2 * 86400)
    with contextlib_sleepers(scene.source, 4):
        answer = scene.check("--max-running", "2", "--budget", "1.5")
    assert answer.code == 3 and "this run compared nothing, nor has any for 1728" in answer.line1, answer
    assert scene.check().code == 0


class contextlib_sleepers:
    """So many statements at work on the server."""

    def __init__(self, server: Server, count: int) -> None:
        self.server, self.count = server, count

    def __enter__(self) -> None:
        self.threads = [threading.Thread(target=self.server.sql, args=("select sleep(4)",)) for _ in range(self.count)]
        for thread in self.threads:
            thread.start()
        status = "show global status like 'Threads_running'"
        wait_for(lambda: int(self.server.sql(status)[0]["Value"]) > self.count, 10, "the statements run")

    def __exit__(self, *_: object) -> None:
        for thread in self.threads:
            thread.join()


# several kinds of servers


@pytest.fixture
def families(box: Sandbox, plugin: PluginRunner) -> SyncScene:
    try:
        kinds.programs("mysql-9.7")
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    scene = SyncScene([box.server("maria"), box.server("my", kind="mysql-9.7")], plugin)
    for server in scene.servers:
        SyncScene([server], plugin).create_flags(2000, " charset utf8mb4 collate utf8mb4_bin")
    return scene


def test_mariadb_against_mysql(families: SyncScene) -> None:
    answer = families.check()
    assert answer.code == 0 and answer.perfdata["rows_compared"].value == 2000, answer
    families.only_on(families.others[0], "update shop.flags set name = 'N7' where id = 7")
    answer = families.check("--confirm", "1")
    assert answer.code == 2 and "differs in 1 row (id 7)" in answer.line1, answer


def test_digests_of_hosts_alone(families: SyncScene) -> None:
    lines = []
    for server in families.servers:
        answer = families.check("--digest", "-H", families.name(server))
        assert answer.code == 0 and "1 table, 2000 rows digested" in answer.line1, answer
        lines.append(answer.stdout.split("\n")[1].partition(": ")[2])
    assert lines[0] == lines[1] and lines[0].startswith("shop.flags id 2000 rows "), lines
    facts = json.loads(families.check("--digest", "--output", "json").stdout)["facts"]
    digests = [value for name, value in facts.items() if name.endswith("shop.flags")]
    assert len(digests) == 2 and digests[0] == digests[1]
    families.only_on(families.others[0], "update shop.flags set name = 'N7' where id = 7")
    changed = families.check("--digest", "-H", families.name(families.others[0])).stdout.split("\n")[1]
    assert changed.partition(": ")[2] != lines[0]


def test_the_digest_of_a_table_without_a_key_leaves_others_their_limit(scene: SyncScene) -> None:
    """All rows in one chunk are 5 s, which neither the server's limit (2 s) nor our patience (4 s) allows."""
    scene.create_flags(500)
    scene.source.sql(["create table shop.a (n int)", "insert into shop.a values (1)"])
    answer = scene.check("--digest", "-H", scene.name(scene.source), "--where", "sleep(0.01) = 0", "--chunk-time", "0.1")
    assert answer.code == 0 and "2 tables, 501 rows digested" in answer.line1, answer


def test_a_replica_by_file_and_position(box: Sandbox, plugin: PluginRunner) -> None:
    try:
        kinds.programs("mysql-9.7")
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    no_gtids = ["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"]
    source, replica = (box.server(name, kind="mysql-9.7", options=no_gtids) for name in ("one", "two"))
    source.create_user("repl", "repl", ["replication slave on *.*"])
    at = source.sql("show binary log status")[0]
    replica.sql([f"change replication source to source_host='127.0.0.1', source_port={source.port}, source_ssl=0, "
                 "source_user='repl', source_password='repl', get_source_public_key=1, "
                 f"source_log_file='{at['File']}', source_log_pos={at['Position']}", "start replica"])
    scene = SyncScene([source, replica], plugin, ["select on *.*", "replication client on *.*"])
    scene.create_flags(1000)
    wait_for(lambda: bool(replica.sql("show databases like 'shop'")), 20, "the replica has the database")
    answer = scene.check("--confirm", "30", "-t", "60")
    assert answer.code == 0, answer
    with replica.session() as session:
        session.sql("lock tables shop.flags read")
        source.sql("update shop.flags set active = 0 where id <= 5")
        release = threading.Timer(1.5, lambda: session.sql("unlock tables"))
        release.start()
        answer = scene.check()
        release.join()
    assert answer.code == 0 and answer.perfdata["rows_differing"].value == 0, answer
    scene.only_on(replica, "delete from shop.flags where id = 30")
    # Positions are waited for: it need not hold still for all of --confirm.
    answer = scene.check("--confirm", "30", "-t", "60", seconds=70)
    assert answer.code == 2 and "lacks 1 row (id 30)" in answer.line1 and answer.seconds < 25, answer


def test_a_lost_connection_is_made_again(scene: SyncScene) -> None:
    scene.create_flags(3000)
    process = start(scene, "--where", "sleep(0.001) = 0", "--no-state")
    replica = scene.others[0]
    # One of a connection that has been made, not of one being made.
    scene.wait_for_statement(replica, "sleep(0.001)")
    for row in replica.sql("select id from information_schema.processlist where user = 'syncer'"):
        replica.sql(f"kill {next(iter(row.values()))}")
    out, _ = process.communicate(timeout=40)
    assert process.returncode == 0 and "3000 rows compared" in out, out
