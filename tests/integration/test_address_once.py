"""Whatever goes wrong with a server, its address stands once in what line 1 says of it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import PluginRunner
from fakes import misbehaving_http, misbehaving_memcached
from fakes.misbehaving_server import SITUATIONS as MYSQL_SITUATIONS, MisbehavingServer

FAKES: dict[str, tuple[dict[str, Any], Callable[[str], Any]]] = {
    "check_memcached": (misbehaving_memcached.SITUATIONS, misbehaving_memcached.misbehaving),
    "check_apache_rps": (misbehaving_http.SITUATIONS, misbehaving_http.misbehaving),
    "check_mysql_replication": (MYSQL_SITUATIONS, MisbehavingServer),
    "check_table_sync": (MYSQL_SITUATIONS, MisbehavingServer),
}


def spoken(line1: str) -> list[str]:
    """The findings of line 1, one by one; neither the account that MySQL knows us by nor a replica's source is meant."""
    text = re.sub(r"'@'[^']*'|replicating from \S+", "'", line1.split(" | ")[0].split(" - ", 1)[1])
    return text.split("; ")


def ports_of(servers: list[Any]) -> list[int]:
    return [server.port for server in servers]


def arguments(check: str, ports: list[int], spelling: str) -> list[list[str]]:
    """Ways to name the servers: by host and port, by host with --port, by URL."""
    more = ["--table", "shop.t", "-u", "monitor", "--no-state"] if check == "check_table_sync" else ["--no-state"]
    if spelling == "host and port":
        return [["-H", ",".join(f"127.0.0.1:{port}" for port in ports), *more]]
    if check == "check_table_sync":
        return []
    ways = [["-H", "127.0.0.1", "-p" if check != "check_mysql_replication" else "-P", str(ports[0]), *more]]
    if check == "check_apache_rps":
        ways += [[*ways[0], "--follow-redirects"], [*ways[0], "--ip-address", "127.0.0.1"],
                 ["--url", f"http://127.0.0.1:{ports[0]}/server-status?auto", *more]]
    return ways


@pytest.mark.parametrize("spelling", ["host and port", "others"])
@pytest.mark.parametrize("check", sorted(FAKES))
def test_an_address_stands_once(plugin: PluginRunner, check: str, spelling: str) -> None:
    situations, start = FAKES[check]

    def broken(situation: str) -> list[str]:
        with contextlib.ExitStack() as stack:
            count = 2 if check == "check_table_sync" else 1
            servers = [stack.enter_context(start(situation)) for _ in range(count)]
            found = []
            for words in arguments(check, ports_of(servers), spelling):
                answer = plugin(check, *words, "-t", "1")
                for server in servers:
                    address = f"127.0.0.1:{server.port}" if "host" in spelling or "--url" in words else "127.0.0.1"
                    found += [f"{situation} {words}: {part}" for part in spoken(answer.line1) if part.count(address) > 1]
            return found

    with ThreadPoolExecutor(6) as pool:
        found = [line for lines in pool.map(broken, sorted(situations)) for line in lines]
    assert not found, "\n".join(found)


def test_the_path_of_a_socket_stands_once(plugin: PluginRunner, tmp_path: Path) -> None:
    path = tmp_path / "none"
    for check, option in (("check_memcached", "-s"), ("check_mysql_replication", "-s")):
        answer = plugin(check, option, str(path), "-t", "2")
        assert answer.code == 2 and answer.line1.count(str(path)) == 1, answer


def test_a_name_that_does_not_resolve_stands_once(plugin: PluginRunner) -> None:
    for check in ("check_memcached", "check_apache_rps", "check_mysql_replication"):
        answer = plugin(check, "-H", "no-such-host.invalid", "-t", "4")
        assert answer.code == 2 and answer.line1.count("no-such-host.invalid") == 1, answer
