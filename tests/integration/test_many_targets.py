"""Many targets in one call: concurrency, and one that is slow or dead among them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from conftest import TESTS, Pair, PluginRunner
from sandbox import Sandbox

sys.path.insert(0, str(TESTS))
from fakes.delaying_proxy import DelayingProxy  # noqa: E402
from fakes.misbehaving_server import MisbehavingServer  # noqa: E402

PLUGIN = "check_mysql_replication"
FAR = 0.050


def credentials(pair: Pair, folder: Path) -> Path:
    """The monitoring user of the sandbox, without host and port."""
    lines = Path(pair.replica.monitor_file()).read_text().splitlines()
    kept = [line for line in lines if line.partition("=")[0].strip() not in ("host", "port", "socket")]
    path = folder / "monitor.cnf"
    path.write_text("\n".join(kept) + "\n")
    path.chmod(0o600)
    return path


def identity(pair: Pair) -> list[str]:
    """What the replica could be known by, and nothing else in its answers holds."""
    told = pair.replica.sql("show global variables where variable_name in ('server_uuid', 'port')")
    return [row["Value"].partition("-")[0] for row in told]


def test_fifty_far_replicas(pair: Pair, plugin: PluginRunner, tmp_path: Path) -> None:
    """One after the other, with some ten round trips each, they would take far longer than the time-out of 9 s.
    How long they take is measured in tests/bench/far_replicas."""
    file = credentials(pair, tmp_path)
    with DelayingProxy((pair.replica.host, pair.replica.port), one_way=FAR / 2, ports=50,
                       disguise=identity(pair)) as proxy:
        hosts = ",".join(f"127.0.0.1:{port}" for port in proxy.ports)
        answer = plugin(PLUGIN, "-H", hosts, "-f", file)
    assert answer.code == 0, answer.stdout
    assert answer.line1.startswith("MYSQL_REPLICATION OK - 50 replicas (50 channels) replicate, lag at most ")
    assert [line.partition(": ")[0] for line in answer.stdout.splitlines()[1:]] == \
        [f"[OK] 127.0.0.1:{port}" for port in proxy.ports]
    assert answer.perfdata["channels"].value == 50


def test_dead_and_hanging_targets_hide_nothing(pair: Pair, box: Sandbox, plugin: PluginRunner, tmp_path: Path) -> None:
    file = credentials(pair, tmp_path)
    dead = f"127.0.0.1:{box.free_port()}"
    good = f"127.0.0.1:{pair.replica.port}"
    with MisbehavingServer("accepts_and_is_silent") as silent:
        hanging = f"127.0.0.1:{silent.port}"
        answer = plugin(PLUGIN, "-H", f"{dead},{hanging},{good}", "-f", file, "-t", "2", "--output", "json")
    told = json.loads(answer.stdout)
    states = {one["target"]: (one["state"], one["text"]) for one in told["findings"]}
    assert answer.code == 2 and answer.seconds < 2.5
    assert states[good][0] == "OK"
    assert states[dead][0] == "CRITICAL" and "refused" in states[dead][1]
    assert states[hanging][0] == "CRITICAL" and "connecting" in states[hanging][1]
