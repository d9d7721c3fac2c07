"""Nothing of a statement's values is shown, whatever language the server words its errors in."""

from __future__ import annotations

import json
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Answer, PluginRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.misbehaving_server import MisbehavingServer  # noqa: E402

SECRET = "Zq7Zw9Zk4"
CATALOGUES = Path("/usr/share/mysql")
# Errors whose text holds a part of the statement or a value from it, by MariaDB's catalogue.
QUOTING = (1064, 1231, 1292, 1298, 1300, 1366, 1367, 1411, 1470, 1525, 1526, 1690, 1741, 1767, 1769, 1901, 1912, 1916,
           1917, 1918, 1978)
# Errors whose text holds names only.
NAMING = {1396: "CREATE USER", 1146: "d", 1054: "field", 1050: "tab"}
FRAMES = ("Error '{message}' on query. Default database: ''. Query: '{statement}'",
          "Worker 1 failed executing transaction 'a-1:3' at source log b.1, end_log_pos 9; Error '{message}' on query. "
          "Default database: 'd'. Query: '{statement}'",
          "Could not execute Write_rows_v1 event on table d.t; {message}, Error_code: {number}; handler error X; the event's "
          "master log binlog.000001, end_log_pos 0",
          "{message}")
FORMS = ([], ["-v"], ["-vvv"], ["--output", "json"])
# Where nothing says that there is a secret.
STATEMENTS = ("insert into t values (1, {literal})", "update users set pw={literal} where pin=4711",
              "delete from users as u where u.pass={literal}", "create table t (a int comment {literal})",
              "call p({literal}, 1)", "create user u identified by {literal}", "set @a={literal}")
LITERALS = ("'{secret}'", '"{secret}"', "x'{secret}'", "0x{secret}", "_utf8'{secret}'", "N'{secret}'", "'a''{secret}'",
            "'a\\'{secret}'", "'a\\', '{secret}'", "$$ {secret} $$", "'{secret}", "/* {secret} */ 1",
            "/*!99999 it's */ '{secret}'", "'' /* ' */ '{secret}'", "-- {secret}\n1", "7{secret}")


def messages(catalogue: Path) -> dict[int, str]:
    """MariaDB's errmsg.sys: counts per thousand, lengths, then the texts."""
    data = catalogue.read_bytes()
    count, sections = struct.unpack_from("<HH", data, 12)
    counts = struct.unpack_from(f"<{sections}H", data, 32)
    lengths = iter(struct.unpack_from(f"<{count}H", data, 32 + 2 * sections))
    at = 32 + 2 * sections + 2 * count
    found = {}
    for section, size in enumerate(counts, 1):
        for number in range(1000 * section, 1000 * section + size):
            length = next(lengths)
            found[number] = data[at:at + length - 1].decode("utf-8", "replace")
            at += length
    return found


def filled(message: str, value: str) -> str:
    return re.sub(r"%[-+]?\d*\.?[\d*]*(?:lu|ld|llu|lld|[usdTcM])", lambda match: value if match[0][-1] in "sT" else "1", message)


@pytest.fixture(scope="module")
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer("stopped_with_an_error") as running:
        yield running


def said(plugin: PluginRunner, server: MisbehavingServer, *more: str) -> Answer:
    return plugin("check_mysql_replication", "-H", f"127.0.0.1:{server.port}", "-u", "x", "-t", "8", "--no-state", *more)


def shows_any_of_it(text: str) -> bool:
    return any(SECRET[i:i + 3] in text for i in range(len(SECRET) - 2))


@pytest.mark.parametrize("language", sorted(path.parent.name for path in CATALOGUES.glob("*/errmsg.sys")))
def test_in_any_language(plugin: PluginRunner, server: MisbehavingServer, language: str) -> None:
    texts = messages(CATALOGUES / language / "errmsg.sys")
    assert "1062" not in texts[1062] and "%" in texts[1062]
    leaks = []
    for place, number in enumerate(QUOTING):
        message = filled(texts[number], f"x='{SECRET}'")
        assert SECRET in message, (number, texts[number])
        frame = FRAMES[place % len(FRAMES)] if number != 1064 else FRAMES[0]
        text = frame.format(message=message, statement=f"insert into t values ('{SECRET}')", number=number)
        server.replica_error = (str(number).encode(), text.encode())
        for form in (["-vvv"], ["--output", "json"]):
            answer = said(plugin, server, *form)
            assert answer.code == 2, answer.stdout
            if shows_any_of_it(answer.stdout + answer.stderr):
                leaks.append((number, form, answer.line1))
    assert not leaks


@pytest.mark.parametrize("frame", FRAMES)
def test_a_syntax_error_in_any_frame(plugin: PluginRunner, server: MisbehavingServer, frame: str) -> None:
    text = frame.format(message=f"Fehler in der SQL-Syntax bei 'x='{SECRET}'' in Zeile 1", number=1064,
                        statement=f"delete from users as u where u.pw='{SECRET}'")
    server.replica_error = (b"1064", text.encode())
    for form in FORMS:
        answer = said(plugin, server, *form)
        assert not shows_any_of_it(answer.stdout + answer.stderr), answer.stdout
        assert "syntax error" in answer.stdout
        assert "Zeile" not in answer.stdout


@pytest.mark.parametrize("statement", STATEMENTS)
def test_values_of_any_statement(plugin: PluginRunner, server: MisbehavingServer, statement: str) -> None:
    leaks = []
    for literal in LITERALS:
        written = statement.format(literal=literal.format(secret=SECRET))
        text = FRAMES[0].format(message="Duplicate entry '7' for key 'PRIMARY'", statement=written)
        server.replica_error = (b"1062", text.encode())
        for form in FORMS[2:]:
            answer = said(plugin, server, *form)
            if shows_any_of_it(answer.stdout + answer.stderr) or "4711" in answer.stdout:
                leaks.append((written, answer.stdout))
            assert statement.split("{")[0].split("(")[0].split("=")[0] in answer.stdout, "the statement's shape is shown"
            assert "Duplicate entry '7' for key 'PRIMARY'" in answer.line1
    assert not leaks


@pytest.mark.parametrize("number", NAMING)
def test_what_names_things_is_told_without_what_surrounds_it(plugin: PluginRunner, server: MisbehavingServer,
                                                             number: int) -> None:
    message = filled(messages(CATALOGUES / "english" / "errmsg.sys")[number], NAMING[number])
    for database, more in (("", ""), ("shop", " (database shop)")):
        text = f"Error '{message}' on query. Default database: '{database}'. Query: 'x'"
        server.replica_error = (str(number).encode(), text.encode())
        answer = said(plugin, server)
        assert f"SQL thread stopped, error {number} \"{message}{more}\"" in answer.line1, answer.line1


@pytest.mark.parametrize("name", ["check_mysql_replication", "check_table_sync"])
def test_errors_of_our_own_statements(plugin: PluginRunner, name: str) -> None:
    """A proxy or a server of another dialect may refuse what we ask; it quotes it in its own language."""
    with MisbehavingServer("fails_with_an_error") as server:
        server.replica_error = (b"1064", f"Erreur de syntaxe près de 'x='{SECRET}'' à la ligne 1".encode())
        words = ["-H", f"127.0.0.1:{server.port}", "-u", "x", "-t", "8", "--no-state"]
        if name == "check_table_sync":
            words += ["-H", "127.0.0.1:1", "--table", "d.t"]
        for form in FORMS:
            answer = plugin(name, *words, *form)
            assert answer.code in (2, 3) and "syntax error" in answer.stdout
            assert not shows_any_of_it(answer.stdout + answer.stderr), answer.stdout
            if form == FORMS[-1]:
                json.loads(answer.stdout)
