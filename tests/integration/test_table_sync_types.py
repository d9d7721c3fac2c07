"""Every type of column, every kind of drift, within and across server families: is each drift found, and is equal
data equal? Generated: for each type, each value is held against each other one, NULL included."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import BUILD
from sandbox import KindUnavailable, Sandbox, Server

TOOL = Path(os.environ.get("EVENKEEL_QUIET_TABLE_SYNC", BUILD / "tests" / "quiet_table_sync"))
PAIRS = {"mariadb": ("mariadb-10.11", "mariadb-10.11"), "mysql": ("mysql-9.7", "mysql-9.7"),
         "across": ("mariadb-10.11", "mysql-9.7")}

SHARED_SERVERS = "two"  # see conftest.py
STRINGS = ["''", "'NULL'", "'N'", "'#'", "'a'", "'A'", "'á'", "'a '", "' a'", "'a#b'", "'a#b#'", "'\\\\N'", "'0'", "'ß'",
           "'ss'", "'a\\0b'", "'a\\0c'", "'ab'"]
BYTES = ["x''", "x'00'", "x'0000'", "x'ff'", "x'4e'", "x'23'", "x'61'", "x'6100'", "x'c328'", "x'c3'", "x'41'", "x'20'",
         "x'2020'"]
# MySQL stores it; MariaDB stores 0, whatever it is given.
MINUS_ZERO = "-0e0"
INTEGERS = {"tinyint": 7, "smallint": 15, "mediumint": 23, "int": 31, "bigint": 63}


def integers(bits: int) -> list[str]:
    return ["0", "1", "-1", "10", "11", str(2 ** bits - 1), str(-2 ** bits)]


# Literals that are stored as different values, all of them, in each type.
TYPES: dict[str, list[str]] = {
    **{name: integers(bits) for name, bits in INTEGERS.items()},
    **{f"{name} unsigned": ["0", "1", "2", str(2 ** bits), str(2 ** (bits + 1) - 1)] for name, bits in INTEGERS.items()},
    "int(8) unsigned zerofill": ["0", "1", "12345678", "123456789"],
    "boolean": ["0", "1"],
    "bit(1)": ["b'0'", "b'1'"],
    "bit(12)": ["b'0'", "b'1'", "b'100000000'", "b'111111111111'"],
    "bit(64)": ["b'0'", "x'8000000000000000'", "x'8000000000000001'", "x'ffffffffffffffff'"],
    "decimal(12,2)": ["0", "0.01", "-0.01", "0.1", "1", "10", "9999999999.99", "-9999999999.99"],
    "decimal(30,15)": ["0", "0.000000000000001", "123456789012345.123456789012345"],
    "decimal(65,0)": ["1", "9" * 65, "9" * 64 + "8"],
    "float": ["0", "1", "1.5", "0.1", "0.10000001", "3.4e38", "-3.4e38", "1.17549435e-38"],
    "double": ["0e0", MINUS_ZERO, "1e0", "1.0000000000000002e0", "1.0000000000000004e0", "0.1e0", "0.3e0", "0.1e0+0.2e0", "1e308",
               "5e-324", "1e15", "1000000000000001e0"],
    "date": ["'0000-00-00'", "'1000-01-01'", "'2026-02-28'", "'2026-00-00'", "'9999-12-31'"],
    "time": ["'00:00:00'", "'-00:00:01'", "'00:00:01'", "'838:59:59'", "'-838:59:59'"],
    "time(6)": ["'00:00:00'", "'00:00:00.000001'", "'-00:00:00.000001'", "'00:00:01'"],
    "datetime": ["'0000-00-00 00:00:00'", "'2026-03-29 02:30:00'", "'2026-03-29 03:30:00'", "'9999-12-31 23:59:59'"],
    "datetime(3)": ["'2026-01-01'", "'2026-01-01 00:00:00.001'"],
    "datetime(6)": ["'2026-01-01'", "'2026-01-01 00:00:00.000001'", "'2026-01-01 00:00:00.1'", "'2026-01-01 00:00:01'"],
    "timestamp": ["'0000-00-00 00:00:00'", "'1970-01-01 00:00:01'", "'2026-03-29 01:30:00'", "'2026-03-29 02:30:00'"],
    "timestamp(6)": ["'2026-01-01'", "'2026-01-01 00:00:00.000001'"],
    "year": ["0", "1901", "2026", "2155"],
    "char(20)": ["''", "'a'", "'A'", "'á'", "'NULL'", "'N'", "' a'", "'a#b'"],
    "varchar(40)": STRINGS,
    "varchar(40) character set utf8mb4 collate utf8mb4_unicode_ci": [*STRINGS, "'😀'", "'😁'"],
    "varchar(40) character set latin1": STRINGS,
    "varchar(40) character set utf8mb3": STRINGS,
    "varchar(40) character set ucs2": STRINGS,
    "varchar(40) character set utf8mb4 collate utf8mb4_bin": STRINGS,
    "varchar(40) character set ascii": ["''", "'a'", "'A'", "'a '", "'N'"],
    "tinytext": STRINGS, "text": STRINGS, "mediumtext": STRINGS,
    "longtext": [*STRINGS, "repeat('a', 100000)", "concat(repeat('a', 99999), 'b')"],
    "binary(4)": ["x'00'", "x'01'", "x'61'", "x'20'", "x'00000001'", "x'ffffffff'", "x'4e'"],
    "varbinary(40)": BYTES, "tinyblob": BYTES, "blob": BYTES, "mediumblob": BYTES,
    "longblob": [*BYTES, "repeat(x'ff', 100000)", "concat(repeat(x'ff', 99999), x'fe')"],
    "enum('', 'a', 'A ', 'NULL', 'N')": ["1", "2", "3", "4", "5", "0"],
    "set('a', 'b', 'c')": ["0", "1", "2", "3", "4", "7"],
    f"set({', '.join(repr(f'w{n}') for n in range(64))})": ["0", "1", str(2 ** 63), str(2 ** 63 + 1), str(2 ** 64 - 1)],
    "json": ["'{\"a\": 1}'", "'{\"a\": 2}'", "'{\"A\": 1}'", "'[]'", "'{}'", "'null'", "'\"null\"'", "'\"á\"'", "'1'", "'\"1\"'"],
    "point": ["point(0, 0)", "point(-0e0, 0)", "point(1, 2)", "point(2, 1)", "point(1, 2.0000000000000004)"],
    "geometry": ["point(1, 2)", "st_geomfromtext('linestring(0 0,1 2)')", "st_geomfromtext('linestring(0 0,1 2,3 4)')",
                 "st_geomfromtext('polygon((0 0,1 0,1 1,0 0))')"],
}
NAMES = {kind: f"t{number}" for number, kind in enumerate(TYPES)}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, list[Server]]]:
    """Two of each kind, with defaults that differ: nothing of that may show."""
    with Sandbox() as box:
        found: dict[str, list[Server]] = {}

        def two_of(kind: str, odd: list[str]) -> list[Server]:
            if kind not in found:
                plain = box.server(f"plain{len(found)}", kind=kind)
                found[kind] = [plain, box.server(f"odd{len(found)}", kind=kind, options=odd)]
            return found[kind]

        odd = ["--sql-mode=ANSI_QUOTES,PIPES_AS_CONCAT,NO_ZERO_DATE,PAD_CHAR_TO_FULL_LENGTH",
               "--default-time-zone=+05:30"]
        try:
            two_of("mariadb-10.11", [*odd, "--character-set-server=latin1", "--transaction-isolation=SERIALIZABLE"])
            two_of("mysql-9.7", ["--sql-mode=ANSI_QUOTES,PIPES_AS_CONCAT", "--default-time-zone=+05:30"])
        except KindUnavailable as missing:
            if not found:
                pytest.skip(str(missing))
        yield found


@pytest.fixture(params=list(PAIRS))
def two(request: pytest.FixtureRequest, servers: dict[str, list[Server]]) -> list[Server]:
    first, second = PAIRS[request.param]
    for kind in (first, second):
        if kind not in servers:
            pytest.skip(f"{kind} cannot be had")
    both = [servers[first][0], servers[second][1]]
    for server in both:
        run(server, ["drop database if exists drift", "create database drift character set utf8mb4 collate utf8mb4_bin"])
    return both


def run(server: Server, statements: list[str]) -> None:
    server.sql(["set names utf8mb4", "set sql_mode=''", "set time_zone='+00:00'", *statements])


def compare(two: list[Server], *options: str, table: str = "drift.*") -> list[str]:
    command = [str(TOOL), *options, "--table", table, *(str(server.socket) for server in two)]
    done = subprocess.run(command, capture_output=True, timeout=300)
    assert not done.stderr and done.returncode == 0, (done.stdout[-2000:], done.stderr)
    return done.stdout.decode("utf-8", "replace").splitlines()


def rows_found(lines: list[str]) -> set[str]:
    return {line.rpartition(" ")[0] for line in lines if " row " in line}


def bad_news(lines: list[str]) -> list[str]:
    return [line for line in lines if not (" ranges " in line and line.endswith("differing 0"))]


def values_of(kind: str, two: list[Server]) -> list[str]:
    same_zero = kind == "double" and any(server.family == "mariadb" for server in two)
    return [value for value in TYPES[kind] if not (same_zero and value == MINUS_ZERO)]


def create_types(server: Server) -> None:
    run(server, [f"create table drift.{NAMES[kind]} (id int primary key, v {kind} null, w {kind} null)" for kind in TYPES])


@pytest.mark.parametrize("strength", ["--fast", "--strong"])
def test_each_value_against_each_other(two: list[Server], strength: str) -> None:
    """One row per pair of values: first as (x, NULL) against (y, NULL), then as (x, y) against (y, x)."""
    options = ["--strong"] if strength == "--strong" else []
    expected = set()
    for side, server in enumerate(two):
        create_types(server)
        statements = []
        for kind in TYPES:
            pairs = list(itertools.permutations([*values_of(kind, two), "null"], 2))
            rows = []
            for number, pair in enumerate(pairs):
                mine, other = pair if side == 0 else reversed(pair)
                rows += [f"({2 * number}, {mine}, null)", f"({2 * number + 1}, {mine}, {other})"]
                expected |= {f"drift.{NAMES[kind]} row {2 * number}", f"drift.{NAMES[kind]} row {2 * number + 1}"}
            statements += [f"insert into drift.{NAMES[kind]} values {', '.join(rows[at:at + 50])}"
                           for at in range(0, len(rows), 50)]
        run(server, statements)
    found = compare(two, "--rows", "100", *options)
    assert not [line for line in found if "disagrees" in line or "unordered" in line]
    kinds = {name: kind for kind, name in NAMES.items()}
    missed = sorted(expected - rows_found(found))
    assert not missed, [(kinds[row.split()[0][6:]], row) for row in missed[:20]]


@pytest.mark.parametrize("strength", ["--fast", "--strong"])
def test_equal_data_is_equal(two: list[Server], strength: str) -> None:
    options = ["--strong"] if strength == "--strong" else []
    for server in two:
        create_types(server)
        for kind in TYPES:
            rows = [f"({number}, {value}, null)" for number, value in enumerate([*values_of(kind, two), "null"])]
            run(server, [f"insert into drift.{NAMES[kind]} values {', '.join(rows)}"])
    found = compare(two, "--rows", "3", "--digest", *options)
    digests: dict[str, list[str]] = {}
    for line in found:
        if " digest " in line:
            table, _, _, rest = line.split(" ", 3)
            digests.setdefault(table, []).append(rest)
    assert len(digests) == len(TYPES)
    assert all(one == two for one, two in digests.values()), digests
    kinds = {name: kind for kind, name in NAMES.items()}
    assert not [(kinds.get(line.split()[0][6:]), line) for line in bad_news(found) if " digest " not in line]


def twice(two: list[Server], statements: list[str]) -> None:
    for server in two:
        run(server, statements)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8, 64, 200, 256, 1024, 4096])
@pytest.mark.parametrize("key", ["int", "binary(4)", "char(8)"])
def test_the_same_change_in_many_rows(two: list[Server], key: str, count: int) -> None:
    """Runs of keys that fill a power of two are what linear and quadratic digests are blind for."""
    value = {"int": "{0}", "binary(4)": "x'{0:08x}'", "char(8)": "'{0:08x}'"}[key]
    rows = [f"({value.format(number)}, 'name', 1, '2026-01-01')" for number in range(4096)]
    twice(two, [f"create table drift.flags (id {key} primary key, name varchar(20), active tinyint, created datetime)",
                *(f"insert into drift.flags values {', '.join(rows[at:at + 1024])}" for at in range(0, 4096, 1024))])
    run(two[1], [f"update drift.flags set active=0 order by id limit {count}"])
    assert compare(two, "--rows", "1000000")[-1].endswith(f"differing {count}")


FLAGS = ["create table drift.flags (id int primary key, a varchar(20), b varchar(20), n int)",
         "insert into drift.flags values (1, 'a#b', 'c', 1), (2, 'x', 'y', 2), (3, 'x', 'y', 3), (4, null, 'z', null)"]
CHANGES = {
    "separator": (["update drift.flags set a='a', b='b#c' where id=1"], {"row 1 changed"}),
    "values swapped between columns": (["update drift.flags set a='y', b='x' where id=2"], {"row 2 changed"}),
    "values swapped between rows": (["update drift.flags set n=5-n where id in (2, 3)"], {"row 2 changed", "row 3 changed"}),
    "NULL moved": (["update drift.flags set a='z', b=null where id=4"], {"row 4 changed"}),
    "missing": (["delete from drift.flags where id=1"], {"row 1 missing"}),
    "extra": (["insert into drift.flags values (-7, '', '', 0)"], {"row -7 extra"}),
    "above all": (["insert into drift.flags values (2147483647, '', '', 0)"], {"row 2147483647 extra"}),
    "key changed": (["update drift.flags set id=9 where id=3"], {"row 3 missing", "row 9 extra"}),
    "all gone": (["delete from drift.flags"], {f"row {n} missing" for n in (1, 2, 3, 4)}),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("rows", ["1", "2", "1000"])
def test_kinds_of_drift(two: list[Server], name: str, rows: str) -> None:
    change, expected = CHANGES[name]
    twice(two, FLAGS)
    run(two[1], change)
    assert {line.removeprefix("drift.flags ") for line in compare(two, "--rows", rows) if " row " in line} == expected


KEYS = {
    "composite": ("a int, b varchar(10), primary key (a, b)", ["1, 'x'", "1, 'y'", "2, ''", "2, 'x#y'", "-5, 'é'"]),
    "reversed": ("a int, b int, primary key (b, a)", ["1, 2", "2, 1", "3, 3", "-1, -1", "0, 0"]),
    "string": ("a varchar(20) primary key, b int", ["'', 1", "'a', 2", "'B', 3", "'é', 4", "'zz', 5"]),
    "latin1": ("a varchar(20) character set latin1 primary key, b int", ["'', 1", "'a', 2", "'é', 4", "'zz', 5"]),
    "binary": ("a varbinary(20) primary key, b int", ["'', 1", "x'00', 2", "x'ff', 3", "x'c328', 4"]),
    "unsigned": ("a bigint unsigned primary key, b int", ["0, 1", "9223372036854775808, 2", "18446744073709551615, 3"]),
    "datetime": ("a datetime(6) primary key, b int", ["'2026-01-01', 1", "'2026-01-01 00:00:00.000001', 2"]),
    "decimal": ("a decimal(20,5) primary key, b int", ["-1.5, 1", "0, 2", "12345.67891, 3"]),
    "enum": ("a enum('z', 'a') primary key, b int", ["'z', 1", "'a', 2"]),
    "bit": ("a bit(64) primary key, b int", ["b'0', 1", "x'ffffffffffffffff', 2"]),
    "unique not null": ("a int not null, b int not null, unique key (b)", ["1, 1", "1, 2"]),
    "names": ("`select` int, `a``b` int, `ünï` int, primary key (`a``b`, `select`)", ["1, 1, 1", "1, 2, 1", "2, 1, 2"]),
    "partitioned": ("a int primary key, b int) partition by hash (a) partitions 3 -- (", ["1, 1", "2, 2", "3, 3", "4, 4"]),
}


@pytest.mark.parametrize("name", KEYS)
def test_keys(two: list[Server], name: str) -> None:
    """Cut after each row: each row that is missing on the second server is found, and none is read twice."""
    columns, rows = KEYS[name]
    if "-- (" in columns:
        columns = columns.replace(" -- (", "").replace("b int)", "b int )")
        create = f"create table drift.t ({columns}"
    else:
        create = f"create table drift.t ({columns})"
    twice(two, [create, f"insert into drift.t values {', '.join(f'({row})' for row in rows)}"])
    assert not bad_news(compare(two, "--rows", "1"))
    run(two[1], ["delete from drift.t"])
    found = compare(two, "--rows", "1")
    assert found[-1].endswith(f"rows {len(rows)} differing {len(rows)}")
    assert len(rows_found(found)) == len(rows)


def test_a_table_without_a_key_counts_twice_what_is_there_twice(two: list[Server]) -> None:
    twice(two, ["create table drift.t (a int, b varchar(10))", "insert into drift.t values (1, 'x'), (1, 'x'), (2, 'y'), (2, 'y')"])
    assert [line for line in bad_news(compare(two)) if "remark" not in line] == []
    run(two[1], ["delete from drift.t", "insert into drift.t values (1, 'x'), (1, 'x'), (1, 'x'), (1, 'x')"])
    assert "drift.t whole" in compare(two)
    run(two[1], ["delete from drift.t", "insert into drift.t values (3, 'x'), (3, 'x'), (4, 'y'), (4, 'y')"])
    assert "drift.t whole" in compare(two)


def test_invalid_text_is_compared_by_its_bytes(two: list[Server]) -> None:
    """As older versions and binary imports left it: bytes in a text column that are no text."""
    for server, bad in zip(two, ("x'ff41'", "x'fe41'")):
        run(server, ["create table drift.t (id int primary key, v varbinary(10))", f"insert into drift.t values (1, {bad})"])
        if server.family == "mariadb":
            run(server, ["alter table drift.t modify v varchar(10) character set latin1"])
    assert any("row 1 changed" in line for line in compare(two))


def test_collations_that_order_differently(two: list[Server]) -> None:
    """Ranges overlap differently on each server; no row may be lost, and none be reported that is equal."""
    for server, collation in zip(two, ("utf8mb4_bin", "utf8mb4_general_ci")):
        run(server, [f"create table drift.t (k varchar(20) character set utf8mb4 collate {collation} primary key, n int)",
                     "insert into drift.t values ('a', 1), ('B', 2), ('c', 3), ('D', 4), ('é', 5), ('F', 6), ('z', 7)"])
    lines = compare(two, "--rows", "2")
    assert any("unordered" in line for line in lines) or not [line for line in lines if " row " in line]


DEFINITIONS = {
    "type": ("id int primary key, v int", "id int primary key, v bigint", "column v"),
    "length": ("id int primary key, v varchar(10)", "id int primary key, v varchar(11)", "column v"),
    "collation": ("id int primary key, v varchar(10) collate utf8mb4_bin", "id int primary key, v varchar(10) collate utf8mb4_general_ci",
                  "column v"),
    "charset": ("id int primary key, v varchar(10) character set latin1", "id int primary key, v varchar(10)", "column v"),
    "order": ("id int primary key, v int, w int", "id int primary key, w int, v int", "another order"),
    "missing": ("id int primary key, v int, w int", "id int primary key, v int", "column w: missing"),
    "extra": ("id int primary key, v int", "id int primary key, v int, w int", "column w: extra"),
    "nullable": ("id int primary key, v int", "id int primary key, v int not null", "column v"),
    "default": ("id int primary key, v int default 1", "id int primary key, v int default 2", "default"),
    "scale": ("id int primary key, v decimal(10,2)", "id int primary key, v decimal(10,3)", "column v"),
    "fraction": ("id int primary key, v datetime", "id int primary key, v datetime(3)", "column v"),
    "signed": ("id int primary key, v int", "id int primary key, v int unsigned", "column v"),
    "words": ("id int primary key, v enum('7', '1')", "id int primary key, v enum('1', '7')", "column v"),
    "key": ("id int primary key, v int", "id int, v int", "no primary key"),
}
VALUES = {"fraction": "'2026-01-01'", "words": "'7'", "charset": "'é'"}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_definitions_that_differ(two: list[Server], name: str) -> None:
    """Each is said, and what can be compared is compared: the values are equal."""
    first, second, said = DEFINITIONS[name]
    for server, columns in zip(two, (first, second)):
        value = VALUES.get(name, "7")
        names = "id, v"
        run(server, [f"create table drift.t ({columns})", f"insert into drift.t ({names}) values (1, {value})"])
    found = compare(two)
    assert any(" definition on 1: " in line and said in line for line in found), found
    assert found[-1].endswith("differing 0")
    run(two[1], [f"update drift.t set v={'1' if name != 'fraction' else chr(39) + '2027-01-01' + chr(39)}"])
    found = compare(two)
    if name == "words":
        assert any("row 1" in line for line in found)
    else:
        assert any("row 1 changed" in line or "whole" in line for line in found), found


def test_spellings_of_one_definition(two: list[Server]) -> None:
    twice(two, ["create table drift.t (id int(11) primary key, a bigint(20) unsigned, b varchar(5) character set utf8, "
                "c timestamp not null default current_timestamp on update current_timestamp, d json, e datetime(6) default now(6), "
                "f year, g varchar(9) default 'x', h int default 5, i decimal(5,2) default 1.50, j tinyint(1) default null, "
                "k geometrycollection, l set('a','b') default 'a', m bit(3) default b'101')"])
    assert not bad_news(compare(two))


def test_generated_and_invisible_columns(two: list[Server]) -> None:
    """Stored ones are compared, virtual ones hold nothing that could drift; invisible ones hold data."""
    twice(two, ["create table drift.t (id int primary key, a int, s int as (a + 1) stored, v int as (a + 2) virtual, h int invisible)",
                "insert into drift.t (id, a, h) values (1, 1, 1), (2, 2, 2)"])
    assert not bad_news(compare(two))
    run(two[1], ["update drift.t set h=3 where id=1"])
    assert rows_found(compare(two)) == {"drift.t row 1"}
    run(two[1], ["update drift.t set h=1 where id=1", "alter table drift.t drop column s",
                 "alter table drift.t add column s int as (a + 9) stored after a"])
    assert rows_found(compare(two)) == {"drift.t row 1", "drift.t row 2"}


def test_views_are_left_out(two: list[Server]) -> None:
    twice(two, ["create table drift.t (id int primary key)", "create view drift.v as select * from drift.t"])
    assert [line.split()[0] for line in compare(two)] == ["drift.t"]
