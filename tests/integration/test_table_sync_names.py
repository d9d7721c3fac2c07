"""No name in a table of theirs captures one of ours: the aliases are read from the sources, and each is tried as the
name of a column and of a key, in every shape of key, hashing and way of drilling down."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PluginRunner
from sandbox import KindUnavailable, Sandbox, Server
from sync_scene import SyncScene, numbers

SHARED_SERVERS = "strangers"  # see conftest.py
SOURCES = Path(__file__).parents[2] / "plugins" / "check_table_sync"


def aliases() -> list[str]:
    """Every `AS name` in the plugin's SQL, and the names of derived tables."""
    found = {"k0", "k1", "c0", "c1", "ends"}
    for source in SOURCES.glob("*.cpp"):
        found.update(re.findall(r"\bAS ([a-z]\w*)", source.read_text()))
    assert {"bucket", "block", "n", "d1", "h", "ordered"} <= found
    return sorted(found - {"decimal", "unsigned", "binary"})


# Columns of the key, with the expressions that fill them from n.
SHAPES = {
    "integer": [("int", "n")],
    "negative": [("bigint", "-7 * n")],
    "unsigned": [("bigint unsigned", "18446744073709551615 - n")],
    "string": [("varchar(20)", "concat('k', n)")],
    "binary": [("varbinary(20)", "concat('k', n)")],
    "temporal": [("datetime", "'2020-01-01' + interval n hour")],
    "decimal": [("decimal(12,2)", "n / 4")],
    "composite": [("int", "n div 7"), ("varchar(10)", "n % 7")],
    "enumerated": [("enum('a','b','c')", "1 + n % 3"), ("int", "n")],
}
ODD = ["select", "a`b", "%", "日本", "group", "where", "from", "key", "order", " leading", "a.b", "'", '"', "x" * 64, "-- x",
       "/*", "\\", "1", "null", "a#b", "K0", "BUCKET", "?", ";"]


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


class Tables:
    """Tables of a database, made on all servers alike; one row of each differs on the last."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers
        self.made: list[list[str]] = []
        self.drifts: list[str] = []

    def add(self, table: str, shape: str, key_names: list[str], extra: list[str], rows: int) -> None:
        key = list(zip(key_names, SHAPES[shape], strict=False))
        columns = [f"{quoted(name)} {kind}" for name, (kind, _) in key]
        columns += [f"{quoted(name)} int" for name in extra]
        columns += ["payload int", f"primary key ({', '.join(quoted(name) for name, _ in key)})"]
        fill = [expression for _, (_, expression) in key] + ["n % 5"] * len(extra) + ["n"]
        self.made.append([f"create table shop.{quoted(table)} ({', '.join(columns)}) charset utf8mb4",
                          f"insert into shop.{quoted(table)} select {', '.join(fill)} from {numbers(rows)}"])
        self.drifts.append(f"update shop.{quoted(table)} set payload = -1 where payload = {rows * 2 // 3}")

    def make(self) -> None:
        for server in self.servers:
            SyncScene.only_on(server, "set names utf8mb4", "set sql_mode = ''", "drop database if exists shop", "create database shop",
                              *itertools.chain.from_iterable(self.made))
        SyncScene.only_on(self.servers[-1], *self.drifts)


@pytest.fixture(scope="module", params=["mariadb-10.11", "mariadb-11.8", "mysql-9.7"])
def strangers(request: pytest.FixtureRequest) -> Iterator[tuple[str, list[Server]]]:
    with Sandbox() as box:
        try:
            yield request.param, [box.server(name, kind=request.param) for name in ("one", "two")]
        except KindUnavailable as missing:
            pytest.skip(str(missing))


def key_names(shape: str, *names: str) -> list[str]:
    return list(itertools.islice(itertools.chain(names, ("key_a", "key_b")), len(SHAPES[shape])))


def fill(tables: Tables, kind: str) -> int:
    ours = aliases()
    whole = kind == "mariadb-10.11"  # every combination there, some on the others
    for number, shape in enumerate(SHAPES):
        for rows in (300, 2500):
            tables.add(f"{shape}_{rows}", shape, key_names(shape), ours, rows)
        for at, alias in enumerate(ours):
            if whole or (at + number) % len(SHAPES) == 0:
                tables.add(f"{shape}_key_{alias}", shape, key_names(shape, alias.upper() if at % 3 == 0 else alias), [], 1200)
    # Of two columns each with the other's alias.
    tables.add("crossed", "composite", ["k1", "k0"], ["bucket", "block"], 2500)
    for number, name in enumerate(ODD):
        tables.add(f"odd_{number}", "string", [name], [], 1200)
        tables.add(name if name.strip() and name[-1] != " " else "blank", "integer", [name], [], 1200)
    tables.make()
    return len(tables.made)


@pytest.mark.parametrize("strength", ["fast", "strong"])
def test_no_name_of_theirs_hides_a_row(strangers: tuple[str, list[Server]], plugin: PluginRunner, strength: str) -> None:
    kind, servers = strangers
    count = fill(Tables(servers), kind)
    scene = SyncScene(servers, plugin)
    options = ["--strong"] if strength == "strong" else []
    # Chunks of all sizes: whole rows, buckets and blocks.
    answer = scene.check("--confirm", "0.1", "--threads", "16", "-t", "280", "--chunk-time", "1", "--no-state", "-v",
                         "--output", "json", *options, seconds=290)
    found = json.loads(answer.stdout)
    facts = found["facts"]
    drifted = {name.removeprefix("rows of ") for name in facts if name.startswith("rows of ")}
    differing = next(metric["value"] for metric in found["metrics"] if metric["label"] == "rows_differing")
    assert differing == count, (count, differing, sorted(drifted), found["summary"][:3000])
