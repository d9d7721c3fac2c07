"""Status pages that leave something out, or have too much of it; and statuses that are none."""

from __future__ import annotations

import itertools
import threading
import time
from typing import Any

import pytest

from conftest import Answer, PluginRunner
from fakes.misbehaving_http import answer
from fakes.scripted_server import ScriptedServer

OK, CRITICAL, UNKNOWN = 0, 2, 3


def page(accesses: int, uptime: str | None = "", started: str = "", board: bytes = b"W__..") -> bytes:
    """uptime None leaves the lines out, "" tells the true one, anything else stands there as it is."""
    lines = [b"ServerVersion: Apache/2.4.57 (Debian)"] + ([b"RestartTime: " + started.encode()] if started else [])
    if uptime is not None:
        told = uptime or str(int(time.monotonic()))
        lines += [b"ServerUptimeSeconds: " + told.encode(), b"Uptime: " + told.encode()]
    lines += [b"Total Accesses: %d" % accesses, b"Total kBytes: 7", b"Scoreboard: " + board]
    return b"\n".join(lines) + b"\n"


def serving(pages: Any) -> ScriptedServer:
    """The next page for each request, whatever the connection."""
    turn = threading.Lock()

    def script(line: Any) -> None:
        while True:
            line.receive_until(b"\r\n\r\n")
            with turn:
                body = next(pages)
            line.send(answer(body))
    return ScriptedServer(script)


def check(plugin: PluginRunner, server: ScriptedServer, *words: object) -> Answer:
    return plugin("check_apache_rps", "-H", f"127.0.0.1:{server.port}", "-i", "0.1", "-t", "5", *words)


@pytest.mark.parametrize("uptime", [None, "-5", "soon", "1e999"])
@pytest.mark.parametrize("grows", [0, 7])
@pytest.mark.parametrize("servers", [1, 2])
@pytest.mark.parametrize("words", [[], ["--no-state"], ["-w", "5:"]], ids=["state", "no-state", "threshold"])
def test_without_an_uptime_there_is_no_rate(plugin: PluginRunner, uptime: str | None, grows: int, servers: int, words: list[str]) -> None:
    pages = (page(1000 + n % servers * 5000 + n * grows, uptime, f"start {n % servers}" if servers > 1 else "") for n in itertools.count())
    with serving(pages) as server:
        for _ in range(2):
            told = check(plugin, server, *words)
            assert told.code == UNKNOWN and "the page tells no uptime" in told.line1, told.line1
            assert "rps" not in told.perfdata and "restarted" not in told.line1
            assert told.perfdata["busy_workers"].value == 1


def test_one_of_two_tells_its_uptime(plugin: PluginRunner) -> None:
    with serving(page(1000 + n, "" if n % 2 == 0 else None) for n in itertools.count()) as server:
        for _ in range(3):
            told = check(plugin, server)
            assert told.code == UNKNOWN and "rps" not in told.perfdata


@pytest.mark.parametrize("status", ["0", "00", "000", "1", "99", "099", "600", "601", "699", "700", "999", "1000", "2000", "20", "-200", "2x0", "abc"])
@pytest.mark.parametrize("form", ["HTTP/1.1 {} x", "HTTP/1.0 {} x", "HTTP/1.1 {}"])
def test_a_status_that_is_none_is_no_answer_of_the_service(plugin: PluginRunner, status: str, form: str) -> None:
    def script(line: Any) -> None:
        line.receive_until(b"\r\n\r\n")
        line.send(form.format(status).encode() + b"\r\nContent-Length: 0\r\n\r\n")
    with ScriptedServer(script) as server:
        told = check(plugin, server)
    assert told.code == UNKNOWN and "the server fails" not in told.line1, told.line1


@pytest.mark.parametrize("status", [100, 102, 199])
def test_an_interim_answer_alone_is_none(plugin: PluginRunner, status: int) -> None:
    with ScriptedServer(lambda line: (line.receive_until(b"\r\n\r\n"), line.send(b"HTTP/1.1 %d x\r\n\r\n" % status))) as server:
        told = check(plugin, server)
    assert told.code == CRITICAL and "closed the connection without an answer" in told.line1


@pytest.mark.parametrize("status", [500, 501, 503, 511, 599])
def test_a_server_that_fails_is_critical(plugin: PluginRunner, status: int) -> None:
    with ScriptedServer(lambda line: (line.receive_until(b"\r\n\r\n"), line.send(answer(b"no", b"%d x" % status)))) as server:
        assert check(plugin, server).code == CRITICAL


@pytest.mark.parametrize("slots", [1000, 262_000, 900_000])
def test_a_large_scoreboard_is_counted(plugin: PluginRunner, slots: int) -> None:
    board = b"W" * (slots // 10) + b"_" * (slots - slots // 10)
    with serving(page(1000 + n * 7, board=board) for n in itertools.count()) as server:
        told = check(plugin, server)
    assert told.code == OK and told.perfdata["busy_percent"].value == 10 and told.perfdata["rps"].value > 0


@pytest.mark.parametrize("slots", [1_100_000, 5_000_000])
def test_a_scoreboard_beyond_all_bounds_costs_its_own_values_alone(plugin: PluginRunner, slots: int) -> None:
    with serving(page(1000 + n * 7, board=b"W" * slots) for n in itertools.count()) as server:
        told = check(plugin, server, "-w", "100000")
        assert told.code == OK and told.perfdata["rps"].value > 0 and "scoreboard is larger" in told.line1
        assert "busy_percent" not in told.perfdata and "busy_workers" not in told.perfdata
        told = check(plugin, server, "-w", "busy_percent=80")
        assert told.code == UNKNOWN and "no value for busy_percent: its scoreboard is larger" in told.line1
