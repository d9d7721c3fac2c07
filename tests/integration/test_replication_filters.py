"""Filters leave out part of what the source writes, or all of it, while the server calls itself in sync."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Pair, PluginRunner
from replication_scene import PLUGIN, Scene
from sandbox import KINDS, Sandbox, Server

OK, WARNING, CRITICAL, UNKNOWN = range(4)
SAID = "replication filters are set, "
ON_KINDS_OF = {family: [name for name, kind in KINDS.items() if kind.family == family] for family in ("mariadb", "mysql")}

# By the name in the status: as MariaDB takes the value, and as MySQL does.
FILTERS = {
    "replicate_do_db": ("nothing", "(nothing)"),
    "replicate_ignore_db": ("shop", "(shop)"),
    "replicate_do_table": ("no.thing", "(no.thing)"),
    "replicate_ignore_table": ("shop.t", "(shop.t)"),
    "replicate_wild_do_table": ("no%.t%", "('no%.t%')"),
    "replicate_wild_ignore_table": ("shop.%", "('shop.%')"),
    "replicate_rewrite_db": ("shop->other", "((shop, other))"),
    "replicate_events_marked_for_skip": ("FILTER_ON_SLAVE", ""),
}
# What the server has without the filter.
UNSET = {"replicate_events_marked_for_skip": "REPLICATE"}


@pytest.fixture
def scene(pair: Pair, plugin: PluginRunner, tmp_path: Path) -> Scene:
    return Scene(pair, plugin, tmp_path)


def set_filter(server: Server, option: str, value: str) -> None:
    server.stop_replica()
    server.sql(f"change replication filter {option}={value}" if server.family == "mysql" else
               f"set global {option}='{value}'")
    server.start_replica()


@contextlib.contextmanager
def filtered(server: Server, option: str, value: str) -> Iterator[None]:
    set_filter(server, option, value)
    try:
        yield
    finally:
        set_filter(server, option, "()" if server.family == "mysql" else UNSET.get(option, ""))


@pytest.mark.parametrize("option", FILTERS)
def test_a_filter_is_said_and_is_a_fact(scene: Scene, option: str) -> None:
    if not FILTERS[option][scene.mysql]:
        return  # MariaDB alone has it
    assert SAID not in scene.check("-v").stdout
    with filtered(scene.replica, option, FILTERS[option][scene.mysql]):
        answer = scene.check_until(lambda said: said.code == OK)
        assert answer.code == OK and f"{SAID}{option}=" in answer.line1, answer
        assert f"\n{option}: " in scene.check("-v").stdout
    assert SAID not in scene.check_until(lambda said: said.code == OK, "-v").stdout


@contextlib.contextmanager
def changed(server: Server, what: str, back: str) -> Iterator[None]:
    try:
        for statement in (what, ""):
            if statement:
                server.sql(["stop slave", f"change master to {statement}", "start slave"])
        Sandbox.wait_until(lambda: server.channels()[0].healthy, 20, "replication")
        yield
    finally:
        server.sql(["stop slave", f"change master to {back}", "start slave"])


def id_of(server: Server) -> int:
    return int(server.sql("select @@server_id as i")[0]["i"])


@pytest.mark.parametrize("kind", ON_KINDS_OF["mariadb"], indirect=True)
@pytest.mark.parametrize("option", ["ignore_server_ids", "ignore_domain_ids", "do_domain_ids"])
@pytest.mark.parametrize("whose", ["its source's", "another's"])
def test_a_channel_that_leaves_out_its_own_source(kind: str, box: Sandbox, plugin: PluginRunner, option: str,
                                                  whose: str) -> None:
    source = box.server("source", kind)
    replica = box.replica("replica", of=source)
    source.monitor_file()
    mine = id_of(source) if "server" in option else source.sql("select @@gtid_domain_id as d")[0]["d"]
    leaves_out = (whose == "its source's") != option.startswith("do_")
    value = mine if whose == "its source's" else 77
    check = [PLUGIN, "-f", replica.monitor_file()]
    compare = [*check, "--source", "auto", "-c", "transactions_behind=0"]
    with changed(replica, f"{option}=({value})", f"{option}=()"):
        source.sql([f"create database shop_{i}" for i in range(3)])
        position = str(source.sql("select @@gtid_binlog_pos as p")[0]["p"])
        Sandbox.wait_until(lambda: replica.channels()[0].row["Gtid_IO_Pos"] == position, 20, "what the source wrote")
        Sandbox.wait_until(lambda: bool(replica.sql("show databases like 'shop_2'")) != leaves_out, 20, "the last of it")
        answer, compared = plugin(*check), plugin(*compare)
    if leaves_out:
        assert answer.code == WARNING and f", replicate_{option}={value}" in answer.line1, answer
        assert "leaves out what " in answer.line1
        assert compared.code == UNKNOWN and "no value for transactions_behind: the channel " in compared.line1, compared
    else:
        assert answer.code == OK and f"{SAID}replicate_{option}={value}" in answer.line1, answer
        assert compared.code == OK and compared.perfdata["transactions_behind"].value == 0, compared


@pytest.mark.parametrize("kind", ON_KINDS_OF["mariadb"], indirect=True)
def test_a_source_is_ignored_for_the_sake_of_the_server_behind_it(kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    first = box.server("first", kind)
    between = box.replica("between", of=first)
    last = box.replica("last", of=between)
    between.monitor_file()
    with changed(last, f"ignore_server_ids=({id_of(between)})", "ignore_server_ids=()"):
        first.sql("create database shop")
        Sandbox.wait_until(lambda: bool(last.sql("show databases like 'shop'")), 20, "what the first one wrote")
        answer = plugin(PLUGIN, "-f", last.monitor_file())
    assert answer.code == OK and f"{SAID}replicate_ignore_server_ids=" in answer.line1, answer


@pytest.mark.parametrize("kind", ON_KINDS_OF["mysql"], indirect=True)
def test_a_mysql_channel_that_ignores_its_source(kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    """Only without GTIDs may a channel have such a list."""
    off = ["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"]
    source, replica = box.server("source", kind, off), box.server("replica", kind, [*off, "--read-only=ON"])
    check = [PLUGIN, "-f", replica.monitor_file()]
    for ignored in (77, id_of(source)):
        with contextlib.suppress(*Server.sql_errors):
            replica.sql("stop replica")
        replica.sql([f"change replication source to source_host='{source.host}', source_port={source.port}, "
                     "source_user='repl', source_password='repl', get_source_public_key=1, source_ssl=0, "
                     f"source_auto_position=0, source_connect_retry=1, ignore_server_ids=({ignored})", "start replica"])
        Sandbox.wait_until(lambda: replica.channels()[0].healthy, 20, lambda: str(replica.channels()))
        answer = plugin(*check)
        if ignored == 77:
            assert answer.code == OK and f"{SAID}replicate_ignore_server_ids=77" in answer.line1, answer
        else:
            assert answer.code == WARNING and f" writes, replicate_ignore_server_ids={ignored}" in answer.line1, answer
