"""Keys of every kind: each drift is found by its key, wherever the table is cut, and equal tables are equal."""

from __future__ import annotations

import json
import random
import re
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


# The type of a key, and values of it as SQL writes them.
NAMED = {
    "enum('a','it''s','b\\\\c','x,y','ü','(z)','')": ["'a'", "'it''s'", "'b\\\\c'", "'x,y'", "'ü'", "'(z)'", "''"],
    "set('p','q r','s')": ["'p'", "'p,q r'", "''", "'q r,s'"],
    "bit(40)": ["b'0'", "b'101'", "x'FFFFFFFFFF'"],
    "binary(4)": ["'ab'", "'abcd'", "x'00ff0102'"],
    "varbinary(20)": ["'ab'", "'0x41'", "x'00ff0102'", "''", "'a b'"],
    "timestamp": ["'2024-01-01 10:00:00'", "'2024-07-01 10:00:00'"],
    "datetime(3)": ["'2024-01-01 10:00:00.123'"],
    "date": ["'2024-01-01'"],
    "time": ["'-838:59:59'", "'10:00:01'"],
    "year": ["2024"],
    "float": ["0.1", "1e-30", "-3.4e38"],
    "double": ["0.1", "5e-324", "-1.7976931348623157e308"],
    "decimal(10,3)": ["1.250", "-7.1"],
    "int(6) zerofill": ["7"],
    "varchar(40) charset utf8mb4 collate utf8mb4_bin": [
        "'a'", "'a b'", "'it''s'", "'a,b'", "''", "'0x41'", "'ä€'", "'a|b'", "'a\\nb'", "'b\\\\'", "'  x'", "'a  b'"],
    "varchar(20) charset latin1": ["'ä'", "'abc'"],
    "varchar(20) charset ucs2": ["'ab'", "'慢'"],
    "varchar(20) charset utf16": ["'ab'", "'慢'"],
}


def test_a_named_row_can_be_looked_for(scene: SyncScene) -> None:
    """What stands between the brackets finds the row in a WHERE: as it is, or a word with quotes around it."""
    made = [statement for number, (kind, values) in enumerate(NAMED.items()) for statement in
            (f"create table shop.t{number} (k {kind} not null primary key, v int)",
             f"insert into shop.t{number} values " + ", ".join(f"({value}, 1)" for value in values))]
    scene.source.sql(["create database shop", "set names utf8mb4", "set time_zone = '+05:30'", *made])
    scene.settle()
    scene.only_on(scene.others[0], *(f"update shop.t{number} set v = 2" for number in range(len(NAMED))))
    facts = json.loads(scene.check("--output", "json", "--confirm", "0.3", "-t", "29").stdout)["facts"]
    for number, (kind, values) in enumerate(NAMED.items()):
        named = re.search(r"\(k (.*)\)$", facts[f"rows of shop.t{number}"])
        assert named, (kind, facts)
        keys = re.findall(r"((?:'(?:[^'\\]|''|\\.)*'(?: UTC)?|[^,'])+)(?:, |$)", named[1])
        assert len(keys) == len(values), (kind, keys)
        for key in keys:
            assert key.endswith(" UTC") == (kind == "timestamp"), (kind, key)
            literal = key.removesuffix(" UTC")
            if not re.fullmatch(r"'.*'|0x[0-9A-F]+|-?[0-9.]+(e[-+]?\d+)?", literal):
                literal = f"'{literal}'"
            rows = scene.source.sql(["set names utf8mb4", "set time_zone = '+00:00'",
                                     f"select count(*) as n from shop.t{number} where k = {literal}"])
            assert rows[0]["n"] == 1, (kind, key, rows)
