"""One server under two names, and several under one: UNKNOWN, with both names."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from itertools import cycle

import pytest

from conftest import Pair, PluginRunner
from sandbox import Server
from sync_scene import PASSWORD, USER, SyncScene

SAME = "is the same server as"
SEVERAL = "several servers answer at this address"


class Proxy:
    """Leads each connection to the next of some servers."""

    def __init__(self, *servers: Server) -> None:
        targets = cycle(servers)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                target = next(targets)
                with socket.create_connection((target.host, target.port)) as there:
                    back = threading.Thread(target=pump, args=(there, self.request), daemon=True)
                    back.start()
                    pump(self.request, there)
                    back.join()

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


@pytest.fixture
def scene(pair: Pair, plugin: PluginRunner) -> SyncScene:
    scene = SyncScene([pair.source, pair.replica], plugin)
    scene.create_flags(50)
    return scene


@pytest.fixture
def names(scene: SyncScene) -> Iterator[list[str]]:
    """Ways to one server."""
    source = scene.source
    with Proxy(source) as proxy:
        yield [f"127.0.0.1:{source.port}", f"localhost:{source.port}", proxy.name]


@pytest.mark.parametrize("digest", [[], ["--digest"]])
def test_one_server_is_not_compared_with_itself(scene: SyncScene, names: list[str], digest: list[str]) -> None:
    for first in names:
        for second in names:
            if first == second:
                continue
            answer = scene.check("-H", f"{first},{second}", *digest)
            assert answer.code == 3 and f"{second}: {SAME} {first}" in answer.line1, answer


def test_socket_and_address_of_one_server(scene: SyncScene) -> None:
    socket_file = scene.source.option_file(USER, PASSWORD)
    address_file = socket_file.with_name("by-address.cnf")
    lines = [line for line in socket_file.read_text().splitlines() if not line.startswith(("socket", "host", "port"))]
    address_file.write_text("\n".join([*lines, "host=127.0.0.1", f"port={scene.source.port}", ""]))
    with_socket = socket_file.with_name("by-socket.cnf")
    with_socket.write_text("\n".join([*lines, f"socket={scene.source.socket}", ""]))
    answer = scene.plugin("check_table_sync", "-f", with_socket, "-f", address_file, "--table", "shop.*")
    assert answer.code == 3 and SAME in answer.line1 and "by-address" in answer.line1 and "by-socket" in answer.line1, answer


def test_the_others_are_compared(scene: SyncScene, names: list[str]) -> None:
    replica = scene.others[0]
    answer = scene.check("-H", f"{names[0]},{names[2]},{scene.name(replica)}")
    assert answer.code == 3 and f"{names[2]}: {SAME} {names[0]}" in answer.line1, answer
    assert answer.perfdata["rows_compared"].value == 50
    scene.only_on(replica, "update shop.flags set active = 0 where id = 7")
    answer = scene.check("-H", f"{names[0]},{names[2]},{scene.name(replica)}")
    assert answer.code == 2 and f"{scene.name(replica)} differs in 1 row (id 7)" in answer.line1, answer


def test_the_reference_is_the_one_that_stays(scene: SyncScene, names: list[str]) -> None:
    answer = scene.check("-H", f"{names[0]},{names[2]}", "--reference", names[2])
    assert answer.code == 3 and f"{names[0]}: {SAME} {names[2]}" in answer.line1, answer


@pytest.mark.parametrize("threads", [1, 4])
def test_several_servers_at_one_address(scene: SyncScene, threads: int) -> None:
    source, replica = scene.servers
    for other in (source, replica):
        for order in ([source, replica], [replica, source]):
            with Proxy(*order) as proxy:
                answer = scene.check("-H", f"{scene.name(other)},{proxy.name}", "--threads", threads)
            assert answer.code == 3 and f"{proxy.name}: {SEVERAL}" in answer.line1, answer


def test_a_proxy_before_another_server_is_that_server(scene: SyncScene) -> None:
    with Proxy(scene.others[0]) as proxy:
        answer = scene.check("-H", f"{scene.name(scene.source)},{proxy.name}")
    assert answer.code == 0, answer


def test_replication_of_one_server_under_two_names(pair: Pair, plugin: PluginRunner) -> None:
    replica = pair.replica
    first, second = f"127.0.0.1:{replica.port}", f"localhost:{replica.port}"
    answer = plugin("check_mysql_replication", "-f", replica.monitor_file(), "-H", f"{first},{second}")
    assert answer.code == 3 and f"{second}: {SAME} {first}" in answer.line1, answer
    assert f"lag@{first}" in answer.perfdata and f"lag@{second}" not in answer.perfdata
