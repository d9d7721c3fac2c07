"""check_memcached --socket with --auth-file: SASL over a Unix socket, which libmemcached leaves to us."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Answer, PluginRunner
from sandbox import KindUnavailable, Sandbox
from sandbox.memcached import Memcached

OK, WARNING, CRITICAL, UNKNOWN = range(4)
# With what the binary protocol and SASL have to carry as it is.
PASSWORDS = ["Pa55w0rd", "", "with:colon", "\u00fcn\u00efcode \u20ac", "p" * 200]


def check(plugin: PluginRunner, cache_socket: object, auth: Path, *more: object) -> Answer:
    answer = plugin("check_memcached", "--socket", cache_socket, "--auth-file", auth, "-t", "3", *more)
    assert answer.stderr == "" and answer.code in range(4)
    return answer


@pytest.fixture
def auth_file(tmp_path: Path) -> Path:
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    return file


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as mine:
        yield mine


@pytest.mark.parametrize("number", range(len(PASSWORDS)))
def test_logging_in(plugin: PluginRunner, box: Sandbox, auth_file: Path, number: int) -> None:
    password = PASSWORDS[number]
    try:
        cache = Memcached(box, f"sasl{number}", sasl=("monitor", password or "x"), unix=True)
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    auth_file.write_text(f"monitor:{password}\n")
    answer = check(plugin, cache.socket, auth_file, "-vvv")
    if password:
        assert answer.code == OK and "stored and fetched" in answer.line1, answer.stdout
        assert password not in answer.stdout
        # Statistics over the same connection.
        assert "uptime" in answer.perfdata
    for wrong in ("monitor:wr0ng", "nobody:" + password, "monitor:"):
        auth_file.write_text(wrong + "\n")
        answer = check(plugin, cache.socket, auth_file)
        assert answer.code == UNKNOWN and "the server refuses the user or password of --auth-file" in answer.line1, answer.stdout
        assert "wr0ng" not in answer.stdout


def test_where_there_is_no_sasl(plugin: PluginRunner, box: Sandbox, auth_file: Path) -> None:
    cache = Memcached(box, "none", unix=True)
    answer = check(plugin, cache.socket, auth_file)
    assert answer.code == UNKNOWN and "the server has no SASL, so leave --auth-file out" in answer.line1, answer.stdout


def test_where_text_alone_is_spoken(plugin: PluginRunner, box: Sandbox, auth_file: Path) -> None:
    cache = Memcached(box, "text", unix=True, options=["-B", "ascii"])
    answer = check(plugin, cache.socket, auth_file)
    assert answer.code == CRITICAL and "one that speaks text alone" in answer.line1, answer.stdout


def test_nobody_listens(plugin: PluginRunner, tmp_path: Path, auth_file: Path) -> None:
    answer = check(plugin, tmp_path / "none", auth_file)
    assert answer.code == CRITICAL and "no such file" in answer.line1.lower(), answer.stdout


def header(status: int, body: int = 0, opcode: int = 0x21, magic: int = 0x81) -> bytes:
    return struct.pack("!BBHBBHIIQ", magic, opcode, 0, 0, 0, status, body, 0, 0)


@pytest.mark.parametrize("cut", [1000, 1])
@pytest.mark.parametrize(("sent", "code", "words"), [
    (b"", CRITICAL, "closed the connection"),
    (header(0)[:23], CRITICAL, "closed the connection"),
    (header(0x20, 5)[:26], CRITICAL, "closed the connection"),
    (header(0x20, 12) + b"Auth failure", UNKNOWN, "refuses the user or password"),
    (header(0x81, 15) + b"Unknown command", UNKNOWN, "the server has no SASL"),
    (header(0x21, 4) + b"more", UNKNOWN, "more than SASL's PLAIN"),
    (header(0, 0xFFFFFFFF) + b"x" * 5000, None, "is not memcached"),
    (header(0, 4097) + b"x" * 5000, None, "is not memcached"),
    (header(0, opcode=0x20), None, "is not memcached"),
    (header(0, magic=0x80), None, "is not memcached"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", None, "is not memcached"),
    (b"ERROR\r\n", None, "is not memcached"),
    (b"\0" * 24, None, "is not memcached"),
])
def test_odd_answers(plugin: PluginRunner, tmp_path: Path, auth_file: Path, sent: bytes, code: int | None, words: str,
                     cut: int) -> None:
    path = tmp_path / "socket"
    requests: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                requests.append(connection.recv(4096))
                try:
                    for start in range(0, min(len(sent), 100), cut):
                        connection.sendall(sent[start:start + cut])
                    connection.sendall(sent[100:])
                except OSError:
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        answer = check(plugin, path, auth_file)
        thread.join(10)
    assert requests == [struct.pack("!BBHBBHIIQ", 0x80, 0x21, 5, 0, 0, 0, 22, 0, 0) + b"PLAIN\0monitor\0Pa55w0rd"]
    assert words in answer.line1 and answer.code in ([code] if code else [CRITICAL, UNKNOWN]), answer.stdout
    assert "Pa55w0rd" not in answer.stdout
