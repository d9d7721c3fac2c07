"""Keys of every kind: each drift is found by its key, wherever the table is cut, and equal tables are equal."""

from __future__ import annotations

import random
import struct

import pytest

from conftest import Pair, PluginRunner
from sync_scene import SyncScene

SEEDS = random.Random(18)


def doubles() -> list[str]:
    extreme = [0.0, 5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308, 0.1, 1 / 3, 0.1 + 0.2,
               1.0000000000000002, 1e15, 1e16, 123456789012345680.0, 1e22, 1e23, 4.35, 9007199254740993.0]
    some = [struct.unpack("<d", SEEDS.randbytes(8))[0] for _ in range(400)]
    near = [1.0 + n * 2.0 ** -52 for n in range(200)]
    found = {value for value in [*extreme, *some, *near] if value == value and abs(value) < 1.8e308}
    return [repr(value) + ("" if "e" in repr(value) else "e0") for value in sorted({*found, *(-value for value in found if value)})]


def floats() -> list[str]:
    some = [struct.unpack("<f", SEEDS.randbytes(4))[0] for _ in range(400)]
    near = [16777216.0 + 2 * n for n in range(100)] + [1.0 + n * 2.0 ** -23 for n in range(200)]
    found = {value for value in [*some, *near, 3.4028234663852886e38] if value == value and 1e-37 < abs(value) < 3.41e38}
    return [repr(value) + ("" if "e" in repr(value) else "e0") for value in sorted(found)]


def uuids() -> list[str]:
    made = [SEEDS.randbytes(16).hex() for _ in range(300)]
    versions = [f"{text[:12]}{version}{text[13:16]}{variant}{text[17:]}" for text, version, variant in
                zip(made, "1467" * 75, "89ab" * 75, strict=True)]
    return [f"'{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}'" for text in versions]


def addresses(size: int) -> list[str]:
    import ipaddress
    make = ipaddress.IPv4Address if size == 4 else ipaddress.IPv6Address
    values = [SEEDS.randbytes(size) for _ in range(300)] + [bytes(size), b"\xff" * size]
    return [f"'{make(value)}'" for value in values]


KINDS_OF_KEYS = {
    "double": (doubles(), "mariadb mysql"), "float": (floats(), "mariadb mysql"),
    "uuid": (uuids(), "mariadb"), "inet4": (addresses(4), "mariadb"), "inet6": (addresses(16), "mariadb"),
}


@pytest.fixture
def scene(pair: Pair, plugin: PluginRunner) -> SyncScene:
    return SyncScene([pair.source, pair.replica], plugin)


@pytest.mark.parametrize("kind_of_key", list(KINDS_OF_KEYS))
def test_each_drift_is_found_by_its_key(scene: SyncScene, kind_of_key: str) -> None:
    values, families = KINDS_OF_KEYS[kind_of_key]
    if scene.source.family not in families:
        pytest.skip(f"{scene.source.family} has no {kind_of_key}")
    rows = ", ".join(f"({value}, {number})" for number, value in enumerate(values))
    scene.source.sql(["create database shop", f"create table shop.t (k {kind_of_key} primary key, v int)",
                      f"insert into shop.t values {rows}"])
    scene.settle()
    answer = scene.check()
    assert answer.code == 0 and "no usable key" not in answer.stdout, answer
    assert answer.perfdata["rows_compared"].value == len(values)
    changed = [0, 1, len(values) // 2, len(values) - 2, len(values) - 1, *range(10, len(values), 37)]
    numbers = ", ".join(str(number) for number in changed)
    scene.only_on(scene.others[0], f"update shop.t set v = -1 where v in ({numbers})")
    scene.only_on(scene.others[0], "delete from shop.t where v = 5")
    answer = scene.check("-vv", "--chunk-time", "0.01")
    assert answer.code == 2, answer
    assert answer.perfdata["rows_differing"].value == len(set(changed)) + 1, answer


def test_a_key_that_the_server_made(scene: SyncScene) -> None:
    if scene.source.family != "mysql":
        pytest.skip("MySQL's generated invisible primary keys")
    for server in scene.servers:
        server.sql("set global show_gipk_in_create_table_and_information_schema = off")
    try:
        scene.source.sql(["create database shop", "set sql_generate_invisible_primary_key = on",
                          "create table shop.t (a int)", "insert into shop.t values (1), (2), (3)"])
        scene.settle()
        answer = scene.check()
        assert answer.code == 0 and "no usable key" not in answer.stdout, answer
        scene.only_on(scene.others[0], "update shop.t set a = 9 where a = 2")
        assert "(my_row_id 2)" in scene.check().line1
        # A replica that makes a key which its source has not.
        scene.source.sql("create table shop.plain (a int)")
        scene.settle()
        scene.only_on(scene.others[0], "drop table shop.plain", "set sql_generate_invisible_primary_key = on",
                      "create table shop.plain (a int)")
        answer = scene.check("--table", "shop.plain")
        assert answer.code == 0 and "no usable key" in answer.line1, answer
    finally:
        for server in scene.servers:
            server.sql("set global show_gipk_in_create_table_and_information_schema = on")


def test_what_is_not_compared_is_named(scene: SyncScene) -> None:
    if scene.source.family != "mariadb":
        pytest.skip("MariaDB's sequences and system versioning")
    scene.source.sql(["create database shop", "create sequence shop.numbers", "create table shop.v (id int primary key) "
                      "with system versioning", "insert into shop.v values (1)"])
    scene.settle()
    answer = scene.check()
    assert answer.code == 0, answer
    assert "shop.numbers: a sequence, which is not compared" in answer.line1, answer
    assert "shop.v: the history of its rows is not compared" in answer.line1, answer
