"""check_memcached on real caches, on servers that misbehave, and on many at once."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import mount_namespace
from conftest import SOAK, Answer, PluginRunner
from segmenting_proxy import SegmentingProxy
from fakes.late_servers import LateMemcached
from fakes.misbehaving_memcached import BINARY_SITUATIONS, SITUATIONS, but, misbehaving
from fakes.scripted_server import ScriptedServer
from sandbox import KindUnavailable, Sandbox, SandboxError
from sandbox.memcached import Memcached

CHECK = "check_memcached"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
TIMEOUT = 3
GRACE = 2
MAX_MEMORY = 64 << 10  # KiB


def check(plugin: PluginRunner, *arguments: object, **options: object) -> Answer:
    answer = plugin(CHECK, *arguments, **options)
    assert answer.stderr == ""
    assert answer.code in range(4)
    assert answer.stdout.startswith(f"MEMCACHED {('OK', 'WARNING', 'CRITICAL', 'UNKNOWN')[answer.code]} - ")
    return answer


def let_a_second_pass() -> None:
    """Rates are derived from no less."""
    time.sleep(1.01)


@pytest.fixture(scope="module")
def servers() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def cache(box: Sandbox) -> Memcached:
    return Memcached(box, "cache")


# is it working


def test_a_round_trip_and_nothing_left(plugin: PluginRunner, cache: Memcached) -> None:
    answer = check(plugin, "-H", cache.address)
    assert answer.code == OK and "stored and fetched in" in answer.line1
    assert answer.perfdata["response_time"].uom == "s" and answer.perfdata["response_time"].value > 0
    assert cache.stat("cmd_set") == "1" and cache.stat("get_hits") == "1" and cache.stat("delete_hits") == "1"
    assert cache.stat("curr_items") == "0"
    assert check(plugin, "-H", cache.address, "--no-round-trip").code == OK
    assert cache.stat("cmd_set") == "1"


@pytest.mark.parametrize("kind", ["unix", "ipv6"])
def test_other_addresses(plugin: PluginRunner, box: Sandbox, kind: str) -> None:
    cache = Memcached(box, kind, unix=kind == "unix", ipv6=kind == "ipv6")
    assert check(plugin, "-s" if kind == "unix" else "-H", cache.address).code == OK


def test_down_and_frozen(plugin: PluginRunner, cache: Memcached) -> None:
    cache.freeze()
    answer = check(plugin, "-H", cache.address, "-t", 1)
    assert answer.code == CRITICAL and "timed out" in answer.line1 and answer.seconds < 2
    assert check(plugin, "-H", cache.address, "-t", "1:WARNING").code == WARNING
    cache.thaw()
    assert check(plugin, "-H", cache.address).code == OK
    cache.kill()
    answer = check(plugin, "-H", cache.address)
    assert answer.code == CRITICAL and "connection refused" in answer.line1


def test_a_cache_without_memory_for_it(plugin: PluginRunner, box: Sandbox) -> None:
    cache = Memcached(box, "full", options=["-m", "2", "-M"])
    cache.sets(0, 3000, 1000)
    # Ours is a small item: fill its class as well.
    for size in (1, 20, 40, 60, 80, 120):
        cache.sets(10_000 + size * 100_000, 20_000, size)
    answer = check(plugin, "-H", cache.address)
    assert answer.code == CRITICAL and "does not store a value" in answer.line1 and "out of memory" in answer.line1
    assert "items" in answer.perfdata, "statistics come all the same"


# is it worth having


def test_the_hit_ratio_since_the_last_run(plugin: PluginRunner, cache: Memcached) -> None:
    first = check(plugin, "-H", cache.address)
    assert "hit_ratio" not in first.perfdata
    cache.sets(0, 1, 10)
    cache.gets("key-0", 150)
    cache.gets("nothing", 50)
    let_a_second_pass()
    answer = check(plugin, "-H", cache.address)
    assert answer.perfdata["hit_ratio"].value == 75 and "hit ratio 75 %" in answer.line1
    assert answer.perfdata["gets_per_second"].value > 0
    cache.gets("nothing", 200)
    let_a_second_pass()
    answer = check(plugin, "-H", cache.address, "-c", "hit_ratio=50:")
    assert answer.code == CRITICAL and answer.perfdata["hit_ratio"].value == 0
    cache.gets("nothing", 20)
    let_a_second_pass()
    answer = check(plugin, "-H", cache.address, "-c", "hit_ratio=50:")
    assert answer.code == OK and "hit_ratio" not in answer.perfdata, "too few gets for a verdict"
    cache.gets("nothing", 20)
    let_a_second_pass()
    assert check(plugin, "-H", cache.address, "--min-gets", 10).perfdata["hit_ratio"].value == 0


def test_a_run_by_hand_leaves_a_service_its_own_time(plugin: PluginRunner, cache: Memcached) -> None:
    """Neither its hit ratio nor its rates are those of the moments since."""
    service = ["-H", cache.address, "-c", "hit_ratio=50:", "-w", "gets_per_second=1:"]
    check(plugin, *service)
    cache.gets("nothing", 80)
    let_a_second_pass()
    assert "hit_ratio" not in check(plugin, "-H", cache.address).perfdata
    cache.gets("nothing", 80)
    check(plugin, "-H", cache.address)
    answer = check(plugin, *service)
    assert answer.code == CRITICAL and answer.perfdata["hit_ratio"].value == 0
    again = check(plugin, *service)
    assert again.code == CRITICAL and again.perfdata["gets_per_second"].value > 1, "two at once measure the same time"
    let_a_second_pass()
    cache.gets("nothing", 80)
    assert check(plugin, *service).code == OK, "too few gets since its own last run"


def test_our_own_round_trips_are_not_counted(plugin: PluginRunner, cache: Memcached) -> None:
    def without_traffic() -> None:
        let_a_second_pass()
        answer = check(plugin, "-H", cache.address, "--min-gets", 0)
        assert answer.perfdata["gets_per_second"].value == 0 and answer.perfdata["sets_per_second"].value == 0
        assert "hit_ratio" not in answer.perfdata

    for _ in range(5):
        check(plugin, "-H", cache.address, "--min-gets", 0)
    without_traffic()
    # What a cache that hangs was asked to store it stores later.
    cache.freeze()
    for _ in range(3):
        # Time to note that it was asked, on a busy machine, too.
        assert check(plugin, "-H", cache.address, "-t", "1").code == CRITICAL
    cache.thaw()
    Sandbox.wait_until(lambda: cache.stat("cmd_set") == "9", 10)
    without_traffic()


def test_a_class_that_starves_is_named(plugin: PluginRunner, box: Sandbox) -> None:
    cache = Memcached(box, "small", options=["-m", "2", "-o", "no_slab_reassign"])
    service = ["-H", cache.address, "-w", "evictions_per_second=0"]
    check(plugin, *service)
    cache.sets(0, 8000, 1000)
    let_a_second_pass()
    answer = check(plugin, *service)
    assert answer.code == WARNING
    assert "/s from 1184-byte items (class 12), oldest lived " in answer.line1
    assert answer.perfdata["evictions_per_second"].value > 0
    let_a_second_pass()
    calm = check(plugin, *service)
    assert calm.code == OK and "evicting" not in calm.line1


def test_a_class_that_is_empty_by_now_is_no_reset(plugin: PluginRunner, box: Sandbox) -> None:
    """memcached leaves empty classes out; what they had evicted is neither lost nor evicted again."""
    cache = Memcached(box, "small", options=["-m", "2", "-o", "no_slab_reassign"])
    service = ["-H", cache.address, "-c", "evictions_per_second=10"]
    cache.sets(0, 8000, 1000)
    check(plugin, *service)
    cache.ask(*[f"delete key-{number}" for number in range(8000)])
    let_a_second_pass()
    answer = check(plugin, *service)
    assert answer.code == OK and "reset" not in answer.line1
    cache.sets(0, 9000, 300)
    let_a_second_pass()
    answer = check(plugin, *service)
    assert answer.code == CRITICAL and "-byte items (class 7)" in answer.line1, answer
    let_a_second_pass()
    cache.sets(0, 1, 1000)
    cache.sets(0, 9000, 300)
    assert "-byte items (class 7)" in check(plugin, *service).line1


def test_values_that_are_refused_for_want_of_memory(plugin: PluginRunner, box: Sandbox) -> None:
    """What is small enough for another slab class is stored all the same: the round trip sees nothing of it."""
    cache = Memcached(box, "full", options=["-M", "-m", "2"])
    assert check(plugin, "-H", cache.address).code == OK
    cache.sets(0, 3000, 1000)
    let_a_second_pass()
    answer = check(plugin, "-H", cache.address)
    assert answer.code == CRITICAL and f"refused {cache.stat('store_no_memory')} values for want of memory" in answer.line1
    assert answer.perfdata["refused_per_second"].value > 0
    let_a_second_pass()
    answer = check(plugin, "-H", cache.address)
    assert answer.code == OK and answer.perfdata["refused_per_second"].value == 0
    cache.sets(0, 3000, 1000)
    let_a_second_pass()
    assert check(plugin, "-H", cache.address, "-c", "refused_per_second=1e9").code == OK


def test_a_damaged_state_is_replaced(plugin: PluginRunner, cache: Memcached) -> None:
    service = ["-H", cache.address, "-w", "evictions_per_second=10"]
    check(plugin, *service)
    [state] = plugin.state_dir.rglob("*.state")
    state.write_text("garbage")
    answer = check(plugin, *service)
    assert answer.code == OK and "it is damaged" in answer.line1
    let_a_second_pass()
    assert "evictions_per_second" in check(plugin, *service).perfdata


@pytest.mark.parametrize("more", [["--no-state"], ["--state-dir", "/dev/null"]])
def test_a_threshold_that_no_run_can_judge(plugin: PluginRunner, cache: Memcached, more: list[str]) -> None:
    assert check(plugin, "-H", cache.address, *more).code == OK
    answer = check(plugin, "-H", cache.address, *more, "-w", "hit_ratio=80:")
    assert answer.code == UNKNOWN and "no value for hit_ratio: the counters of the last run are not kept" in answer.line1


def test_a_restart_is_told_and_can_be_judged(plugin: PluginRunner, cache: Memcached) -> None:
    cache.sets(0, 100, 10)
    cache.gets("key-0", 200)
    # It begins to count at 2.
    Sandbox.wait_until(lambda: int(cache.stat("uptime")) >= 4, 10)
    check(plugin, "-H", cache.address)
    cache.restart()
    answer = check(plugin, "-H", cache.address, "-w", "uptime=600:")
    assert answer.code == WARNING and "; restarted " in answer.line1 and " s ago" in answer.line1
    assert "gets_per_second" not in answer.perfdata, "never a negative rate, never a false 0"
    let_a_second_pass()
    answer = check(plugin, "-H", cache.address)
    assert "restarted" not in answer.line1 and answer.perfdata["gets_per_second"].value == 0


def rejected(cache: Memcached) -> int:
    try:
        return int(cache.stat("rejected_connections") or 0)
    except (OSError, SandboxError):  # turned away, too
        return 0


def test_a_connection_limit_that_was_reached(plugin: PluginRunner, box: Sandbox) -> None:
    cache = Memcached(box, "narrow", options=["-c", "50", "-t", "1"])
    check(plugin, "-H", cache.address)
    lines = [cache.connect() for _ in range(80)]
    told = select.poll()
    for line in lines:
        told.register(line, select.POLLIN)
    assert told.poll(10_000), "one is told that there are too many"
    for line in lines:
        line.close()
    Sandbox.wait_until(lambda: rejected(cache) > 0, 10)
    let_a_second_pass()
    answer = check(plugin, "-H", cache.address)
    assert answer.code == WARNING and "reached its limit of 50 connections" in answer.line1
    let_a_second_pass()
    assert check(plugin, "-H", cache.address).code == OK


def test_one_pool_with_the_same_settings(plugin: PluginRunner, servers: Sandbox) -> None:
    alike = [Memcached(servers, f"pool{number}", options=["-m", "32"]).address for number in range(2)]
    larger = Memcached(servers, "pool-large", options=["-m", "64"]).address
    assert check(plugin, "-H", ",".join(alike), "--same-settings").code == OK
    answer = check(plugin, "-H", ",".join([*alike, larger]), "--same-settings")
    assert answer.code == WARNING and f"{larger}: memory limit 64 MiB, where the pool has 32 MiB" in answer.line1
    assert check(plugin, "-H", ",".join([*alike, larger])).code == OK
    answer = check(plugin, "-H", larger, "--same-settings")
    assert answer.code == UNKNOWN and "--same-settings compares servers with each other: name several" in answer.line1


def test_one_that_is_down_does_not_hide_the_others(plugin: PluginRunner, cache: Memcached) -> None:
    answer = check(plugin, "-H", f"127.0.0.1:1,{cache.address}")
    assert answer.code == CRITICAL and "127.0.0.1:1: connecting: connection refused" in answer.line1
    assert f"[OK] {cache.address}: stored and fetched" in answer.stdout
    assert f"items@{cache.address}" in answer.perfdata


def test_facts(plugin: PluginRunner, cache: Memcached) -> None:
    told = json.loads(plugin(CHECK, "-H", cache.address, "--output", "json").stdout)
    assert told["facts"]["version"].startswith("1.") and told["facts"]["maxbytes"] == "67108864"


# logging in, and what is no memcached


def test_sasl(plugin: PluginRunner, box: Sandbox, tmp_path: Path) -> None:
    try:
        cache = Memcached(box, "sasl", sasl=("monitor", "Pa55w0rd"))
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    for _ in range(2):
        answer = check(plugin, "-H", cache.address, "--auth-file", file, "-vvv")
        assert answer.code == OK and "Pa55w0rd" not in answer.stdout
        let_a_second_pass()
    assert "gets_per_second" in answer.perfdata
    file.write_text("monitor:wr0ng\n")
    answer = check(plugin, "-H", cache.address, "--auth-file", file, "-vvv")
    assert answer.code == UNKNOWN and "refuses the user or password" in answer.line1 and "wr0ng" not in answer.stdout
    answer = check(plugin, "-H", cache.address)
    assert answer.code == CRITICAL and "SASL (--auth-file)" in answer.line1


def test_sasl_where_there_is_none(plugin: PluginRunner, cache: Memcached, tmp_path: Path) -> None:
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    answer = check(plugin, "-H", cache.address, "--auth-file", file)
    assert answer.code == UNKNOWN and "the server has no SASL" in answer.line1


def test_sasl_where_text_alone_is_spoken(plugin: PluginRunner, servers: Sandbox, tmp_path: Path) -> None:
    cache = Memcached(servers, "text", options=["-B", "ascii"])
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    answer = check(plugin, "-H", cache.address, "--auth-file", file, "-t", "1")
    assert answer.code == CRITICAL and "timed out; one that speaks text alone" in answer.line1


def test_tls_only(plugin: PluginRunner, box: Sandbox) -> None:
    cache = Memcached(box, "tls", tls="good")
    answer = check(plugin, "-H", cache.address)
    assert answer.code == CRITICAL and "wants TLS" in answer.line1


EXPECTED = {
    "refuses": (CRITICAL, "connection refused"),
    "works": (OK, "stored and fetched"),
    "silent": (CRITICAL, "timed out"),
    "closes": (CRITICAL, "closed the connection without an answer"),
    "resets": (CRITICAL, "closed the connection without an answer"),
    "hangs_in_get": (CRITICAL, ": get: "),
    "hangs_in_stats": (CRITICAL, ": stats: "),
    "trickles_stats": (CRITICAL, "timed out"),
    "endless_stats": (UNKNOWN, "the answer is larger than 1024 KiB"),
    "endless_line": (UNKNOWN, "the answer is larger than 1024 KiB"),
    "out_of_memory": (CRITICAL, "does not store a value: set: "),
    "too_large": (CRITICAL, "object too large"),
    "not_stored": (CRITICAL, "does not store a value"),
    "error": (CRITICAL, "does not store a value"),
    "rude_error": (UNKNOWN, "what answers there is not memcached"),
    "rude_words": (CRITICAL, "does not store a value"),
    # Nobody needs to ask for it.
    "hangs_in_version": (OK, "stored and fetched"),
    "hangs_up_in_version": (OK, "stored and fetched"),
    "refuses_version": (OK, "stored and fetched"),
    "version_of_a_proxy": (OK, "stored and fetched"),
    "no_settings": (OK, "stored and fetched"),  # -v asks for them, and has no other verdict
    "twemproxy": (OK, "stored and fetched"),
    "twemproxy_0.5": (OK, "stored and fetched"),
    "mcrouter": (OK, "stored and fetched"),
    "dragonfly": (OK, "stored and fetched"),
    "hazelcast": (OK, "stored and fetched"),
    "infinispan": (OK, "stored and fetched"),
    "wrapped_gauges": (OK, "stored and fetched"),
    "long_statistics": (OK, "stored and fetched"),
    "wants_a_token": (UNKNOWN, "text authentication"),
    "unauthenticated": (UNKNOWN, "text authentication"),
    "loses_values": (CRITICAL, "a value was gone right after it was stored"),
    "another_value": (CRITICAL, "gives back another value"),
    "another_key": (CRITICAL, "gives back another value"),
    "overlong_key": (UNKNOWN, "the answer is not memcached's"),
    "value_of_gigabytes": (UNKNOWN, "the answer is not memcached's"),
    "value_of_more_than_there_is": (UNKNOWN, "the answer is not memcached's"),
    "value_without_numbers": (UNKNOWN, "the answer is not memcached's"),
    "value_cut_short": (CRITICAL, "timed out"),
    "deletes_nothing": (CRITICAL, "a value was gone before it was deleted"),
    "answers_another_question": (UNKNOWN, 'set: "DELETED" is no answer to that'),
    "a_value_for_a_set": (UNKNOWN, 'set: "VALUE k 0 1" is no answer to that'),
    "a_statistic_for_a_set": (UNKNOWN, 'set: "STAT a 1" is no answer to that'),
    "stored_for_a_get": (UNKNOWN, 'get: "STORED" is no answer to that'),
    "stored_for_a_delete": (UNKNOWN, 'delete: "STORED" is no answer to that'),
    "refuses_gets": (CRITICAL, "does not give back a value: get: "),
    "refuses_deletes": (CRITICAL, "does not delete a value: delete: "),
    "full": (CRITICAL, "the server has no connection left"),
    "version_alone": (UNKNOWN, 'set: "VERSION" is no answer to that'),
    "stats_without_names": (OK, "no statistics: its statistics hold neither a version nor an uptime"),
    "stats_of_nothing": (OK, "no statistics: its statistics hold neither a version nor an uptime"),
    "stats_of_nonsense": (OK, "stored and fetched"),
    "rude_version": (OK, ""),
    "stats_refused": (OK, "no statistics: stats: "),
    "garbage": (UNKNOWN, "what answers there is not memcached"),
    "nothing_but_zeros": (UNKNOWN, "what answers there is not memcached"),
    "http_server": (UNKNOWN, "an HTTP server answers there"),
    "ssh_server": (UNKNOWN, "an SSH server answers there"),
    "tls_server": (UNKNOWN, "the server speaks TLS there"),
    "redis": (UNKNOWN, "-ERR unknown command"),
    "binary_answers": (UNKNOWN, "what answers there is not memcached"),
}
EXPECTED_BINARY = {
    "binary_silent": (CRITICAL, "timed out"),
    "binary_closes": (CRITICAL, "closed the connection"),
    "binary_full": (CRITICAL, "no connection left"),
    "binary_text": (UNKNOWN, "not memcached"),
    "binary_key_longer_than_body": (UNKNOWN, "not memcached"),
    "binary_body_of_gigabytes": (UNKNOWN, "not memcached"),
    "binary_error_of_gigabytes": (UNKNOWN, "not memcached"),
    "binary_no_sasl": (UNKNOWN, "no SASL"),
    "binary_no_mechanism_we_know": (UNKNOWN, "no mechanism"),
    "binary_overrunning_stat": (UNKNOWN, "not memcached"),
    "binary_wrong_opcode": (UNKNOWN, "not memcached"),
}

# These end by time or by size, by a reset, or never begin.
NOT_CUT = {"refuses", "silent", "hangs_in_get", "hangs_in_stats", "trickles_stats", "endless_stats", "endless_line", "resets",
           "value_cut_short", "value_of_gigabytes", "hangs_up_in_version"}

WITHOUT_ROUND_TRIP = {
    "refuses": (CRITICAL, "connection refused"),
    "silent": (CRITICAL, "timed out"),
    "closes": (CRITICAL, "closed the connection without an answer"),
    "full": (CRITICAL, "the server has no connection left"),
    "hangs_in_version": (OK, "answered in"),
    "refuses_version": (OK, "answered in"),
    "stats_of_nothing": (UNKNOWN, "neither a version nor an uptime"),
    "stats_of_nonsense": (OK, "answered in"),
    "stats_refused": (UNKNOWN, "CLIENT_ERROR no"),
    "hangs_in_stats": (CRITICAL, "timed out"),
    "endless_stats": (UNKNOWN, "the answer is larger than 1024 KiB"),
    "tls_server": (UNKNOWN, "the server speaks TLS there"),
    "no_settings": (OK, "answered in"),
    "twemproxy": (CRITICAL, "connection"),
    "mcrouter": (OK, "answered in"),
    "dragonfly": (OK, "answered in"),
    "hazelcast": (OK, "answered in"),
    "infinispan": (OK, "answered in"),
    "wrapped_gauges": (OK, "answered in"),
    "long_statistics": (OK, "answered in"),
}

# A process starts out with the peak of the one that started it, so a small one has to start the plugin.
LAUNCHER = """
import json, os, sys
pid = os.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
json.dump({"status": status, "memory": usage.ru_maxrss}, open(sys.argv[1], "w"))
"""


@contextlib.contextmanager
def swallows_connections(address: str, port: int) -> Iterator[None]:
    """Listens with a queue for one, which is there: whoever else connects waits."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket(socket.AF_INET6))
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            line = sockets.enter_context(socket.socket(socket.AF_INET6))
            line.setblocking(False)
            line.connect_ex((address, port))
        yield


def test_a_name_whose_first_address_swallows_connections(plugin: PluginRunner, cache: Memcached, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("::1 two.test\n127.0.0.1 two.test\n")

    def answer() -> subprocess.CompletedProcess[str]:
        command = [plugin.path(CHECK), "-H", f"two.test:{cache.port}", "-t", "4"]
        return mount_namespace.run(f"mount --bind '{hosts}' /etc/hosts", command, plugin.environment())

    with swallows_connections("::1", cache.port):
        late = answer()
    assert late.returncode == OK and "stored and fetched in" in late.stdout, late
    assert float(late.stdout.split("response_time=")[1].split("s;")[0]) > 0.5, "the first one was asked first"
    assert answer().returncode == OK, "nor does one that refuses"
    cache.kill()
    with swallows_connections("::1", cache.port):
        neither = answer()
    assert neither.returncode == CRITICAL and "connection refused" in neither.stdout, "what the last one said"
    hosts.write_text("127.0.0.1 two.test\n224.0.0.1 two.test\n")
    assert "connection refused" in answer().stdout, "what has no route says less"


def test_a_name_server_that_does_not_answer_is_a_time_out(plugin: PluginRunner, tmp_path: Path) -> None:
    servers = tmp_path / "resolv.conf"
    servers.write_text("nameserver 127.0.0.77\noptions timeout:1 attempts:1\n")
    answer = mount_namespace.run(f"mount --bind '{servers}' /etc/resolv.conf",
                                 [plugin.path(CHECK), "-H", "cache.example", "-t", "5:UNKNOWN"], plugin.environment())
    assert answer.returncode == UNKNOWN and "temporary failure in name resolution" in answer.stdout, answer


# Words of the protocol, and what each says where it answers a question.
WORDS = ["STORED", "NOT_STORED", "EXISTS", "NOT_FOUND", "DELETED", "TOUCHED", "END", "OK", "RESET", "BUSY no", "VERSION 1.6.18",
         "HD", "VA 2", "EN", "NF", "NS", "EX", "MN", "ME key"]
SAYS_NO = {"set": {"NOT_STORED": "does not store a value: set: NOT_STORED", "EXISTS": "does not store a value: set: EXISTS",
                   "NOT_FOUND": "does not store a value: set: NOT_FOUND"},
           "get": {"END": "a value was gone right after it was stored"},
           "delete": {"NOT_FOUND": "a value was gone before it was deleted"}}
GOOD = {("set", "STORED"): "gone", ("delete", "DELETED"): "stored and fetched"}


@pytest.mark.parametrize("command", ["set", "get", "delete"])
def test_each_word_of_the_protocol_as_each_answer(plugin: PluginRunner, command: str) -> None:
    for word in WORDS:
        if (command, word) in GOOD:
            continue
        with ScriptedServer(but(**{command: word.encode() + b"\r\n"})) as server:
            told = plugin(CHECK, "-H", f"127.0.0.1:{server.port}", "-t", 3)
        if word in SAYS_NO[command]:
            assert told.code == CRITICAL and SAYS_NO[command][word] in told.line1, told.line1
        else:
            assert told.code == UNKNOWN and f'{command}: "{word}" is no answer to that' in told.line1, told.line1


def test_the_rates_of_mcrouter_are_no_counters(plugin: PluginRunner) -> None:
    with misbehaving("mcrouter") as server:
        told = plugin(CHECK, "-H", f"127.0.0.1:{server.port}", "-t", 3, "-w", "gets_per_second=5")
        let_a_second_pass()
        told = plugin(CHECK, "-H", f"127.0.0.1:{server.port}", "-t", 3, "-w", "gets_per_second=5")
    assert told.code == UNKNOWN and "gets_per_second" not in told.perfdata, told.line1


def test_every_situation_has_an_expectation() -> None:
    assert set(EXPECTED) == set(SITUATIONS) and set(EXPECTED_BINARY) == set(BINARY_SITUATIONS)


@pytest.mark.parametrize("situation", sorted({**EXPECTED, **EXPECTED_BINARY}))
def test_misbehaving(plugin: PluginRunner, tmp_path: Path, situation: str) -> None:
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    more = ["--auth-file", file] if situation in EXPECTED_BINARY else []
    ask_one_that_misbehaves(plugin, tmp_path, situation, *{**EXPECTED, **EXPECTED_BINARY}[situation], more)


@pytest.mark.parametrize("situation", sorted(WITHOUT_ROUND_TRIP))
def test_misbehaving_without_a_round_trip(plugin: PluginRunner, tmp_path: Path, situation: str) -> None:
    ask_one_that_misbehaves(plugin, tmp_path, situation, *WITHOUT_ROUND_TRIP[situation], ["--no-round-trip"])


GAUGES = {"items", "memory_used", "connections_used", "uptime", "threads"}
# Which gauges have no value at relatives, or where they cannot be right.
NOT_TOLD = {
    "twemproxy": GAUGES,
    "mcrouter": {"items", "memory_used", "connections_used", "threads"},
    "dragonfly": {"items", "memory_used", "connections_used", "threads"},
    "hazelcast": {"items", "memory_used", "connections_used"},
    "infinispan": {"memory_used", "connections_used"},
    "wrapped_gauges": {"items", "memory_used", "connections_used", "threads"},
    "long_statistics": {"threads"},
}


@pytest.mark.parametrize("situation", NOT_TOLD)
def test_what_is_not_told_has_no_value_and_is_missed_by_a_threshold_alone(plugin: PluginRunner, situation: str) -> None:
    with misbehaving(situation) as server:
        answer = check(plugin, "-H", server.address, "--no-state")
        assert answer.code == OK and GAUGES - set(answer.perfdata) == NOT_TOLD[situation], answer
        for label in NOT_TOLD[situation]:
            answer = check(plugin, "-H", server.address, "--no-state", "-c", f"{label}=90")
            assert answer.code == UNKNOWN and f"no value for {label}: " in answer.line1, answer


@pytest.mark.parametrize("situation", ["works", *NOT_TOLD, "hangs_in_stats", "endless_stats", "stats_refused"])
def test_without_statistics_the_round_trip_decides(plugin: PluginRunner, situation: str) -> None:
    with misbehaving(situation) as server:
        answer = check(plugin, "-H", server.address, "--no-statistics", "-t", TIMEOUT)
        assert answer.code == OK and set(answer.perfdata) == {"response_time"}, answer
        answer = check(plugin, "-H", server.address, "--no-statistics", "-c", "items=90")
        assert answer.code == UNKNOWN and "no value for items: --no-statistics leaves it out" in answer.line1, answer


def ask_one_that_misbehaves(plugin: PluginRunner, tmp_path: Path, situation: str, code: int, words: str,
                            more: list[object]) -> None:
    measured = tmp_path / "measured.json"
    with misbehaving(situation) as server:
        done = subprocess.run([sys.executable, "-S", "-E", "-c", LAUNCHER, measured, plugin.path(CHECK), "-H", server.address,
                               "-t", str(TIMEOUT), "-vvv", *more], env=plugin.environment(), capture_output=True,
                              timeout=TIMEOUT + GRACE)
    usage = json.loads(measured.read_text())
    assert usage["status"] & 0x7F == 0, f"ended by signal {usage['status'] & 0x7F}"
    assert usage["memory"] < MAX_MEMORY
    text = done.stdout.decode()
    line1 = text.partition("\n")[0]
    assert done.stderr == b"" and "Pa55w0rd" not in text
    assert not any(ord(c) < 32 and c != "\n" for c in text) and line1.count("|") <= 1
    assert usage["status"] >> 8 == code and words in line1, text


# many


def test_200_servers_that_answer_late(plugin: PluginRunner) -> None:
    """100 ms for the version, which libmemcached asks for, and for each of two answers."""
    with LateMemcached(answering=200) as servers:
        arguments = ["-H", ",".join(servers.addresses), "--no-round-trip"]
        assert check(plugin, *arguments).code == OK
        answer = check(plugin, *arguments)
        assert answer.code == OK and answer.stdout.count("[OK]") == 200
        assert answer.seconds < 1


def test_20_of_200_never_answer(plugin: PluginRunner) -> None:
    with LateMemcached(answering=180, silent=20) as servers:
        hosts = [*servers.silent_addresses, *servers.addresses]
        answer = check(plugin, "-H", ",".join(hosts), "-t", 3, "--no-round-trip")
        assert answer.code == CRITICAL and answer.seconds < 4
        assert answer.stdout.count("[OK]") == 180
        assert all(f"[CRITICAL] {address}: " in answer.stdout for address in servers.silent_addresses)


def test_a_thousand_runs_at_once(plugin: PluginRunner, cache: Memcached) -> None:
    """No wrong result, no damaged state, nothing left behind: neither a file nor a value."""
    runs = 1000 if SOAK else 200
    check(plugin, "-H", cache.address)
    let_a_second_pass()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(
            lambda _: check(plugin, "-H", cache.address, "-t", 30, "-w", "evictions_per_second=10", seconds=60), range(runs)))
    assert {answer.code for answer in answers} == {OK}
    assert all("reset" not in answer.line1 for answer in answers), "a run that asked later was here before"
    assert all("evictions_per_second" in answer.perfdata for answer in answers)
    assert all(answer.perfdata["gets_per_second"].value <= 8 for answer in answers), "those under way at most"
    assert all("state" not in answer.line1 for answer in answers)
    left = {path.suffix for path in plugin.state_dir.rglob("*") if path.is_file()}
    assert left == {".state", ".previous", ".lock"}
    assert cache.stat("curr_items") == "0" and cache.stat("cmd_set") == str(runs + 1)


# how an answer is cut


def longest_answer(cache: Memcached) -> int:
    return len("\r\n".join(cache.ask("stats"))) + 100


def test_an_answer_in_two_segments(plugin: PluginRunner, cache: Memcached) -> None:
    """Each position of each answer: those of the round trip are shorter than the statistics."""
    cuts = range(1, longest_answer(cache))
    for first in range(0, len(cuts), 250):
        with contextlib.ExitStack() as stack:
            proxies = [stack.enter_context(SegmentingProxy(cache.port, cut)) for cut in cuts[first:first + 250]]
            answer = check(plugin, "-H", ",".join(proxy.address for proxy in proxies), "--no-state", "--parallel", 16,
                           "--instance-labels", "always", "-t", 30)
            assert answer.code == OK and f"{len(proxies)} caches work" in answer.line1, answer.stdout[:2000]
            for label in ("response_time", "uptime", "items", "connections_used"):
                assert sum(key.startswith(f"{label}@") for key in answer.perfdata) == len(proxies), label


@pytest.mark.parametrize("more", [[], ["--no-round-trip"], ["--no-statistics"]])
def test_an_answer_byte_by_byte(plugin: PluginRunner, cache: Memcached, more: list[str]) -> None:
    whole = check(plugin, "-H", cache.address, "--no-state", *more)
    with SegmentingProxy(cache.port, 0) as proxy:
        answer = check(plugin, "-H", proxy.address, "--no-state", *more)
    assert answer.code == whole.code == OK and set(answer.perfdata) == set(whole.perfdata), answer


def test_the_binary_protocol_in_segments(plugin: PluginRunner, box: Sandbox, tmp_path: Path) -> None:
    """A header has 24 bytes."""
    try:
        cache = Memcached(box, "sasl", sasl=("monitor", "Pa55w0rd"))
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    whole = check(plugin, "-H", cache.address, "--auth-file", file, "--no-state")
    assert whole.code == OK and "uptime" in whole.perfdata, whole
    for cut in (*range(60), 100, 1000, 2000):
        with SegmentingProxy(cache.port, cut) as proxy:
            answer = check(plugin, "-H", proxy.address, "--auth-file", file, "--no-state")
        assert answer.code == OK and set(answer.perfdata) == set(whole.perfdata), (cut, answer)


def without_the_port(line: str) -> str:
    return re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", re.sub(r"[\d.]+ ms", "N ms", line.partition("|")[0]))


@pytest.mark.parametrize("situation", sorted(name for name, (code, _) in EXPECTED.items() if name not in NOT_CUT))
def test_what_misbehaves_is_judged_the_same_however_it_is_cut(plugin: PluginRunner, situation: str) -> None:
    with misbehaving(situation) as server, contextlib.ExitStack() as stack:
        whole = check(plugin, "-H", server.address, "--no-state", "-t", 10)
        # Thousands of segments take seconds on a busy machine, and show no more than some hundred.
        every_byte = [] if situation == "long_statistics" else [0]
        for cut in (*every_byte, 1, 2, 5, 7, 11, 30, 59, 61):
            proxy = stack.enter_context(SegmentingProxy(server.port, cut))
            answer = check(plugin, "-H", proxy.address, "--no-state", "-t", 30, seconds=60)
            assert answer.code == whole.code, (cut, answer)
            assert without_the_port(answer.line1) == without_the_port(whole.line1), cut


# several servers


def test_two_servers_at_one_address(plugin: PluginRunner, box: Sandbox) -> None:
    """Started at nearly the same second, with different traffic; asked in turn through one address."""
    one, other = (Memcached(box, name) for name in ("one", "other"))
    other.gets("nothing", 9000)
    with SegmentingProxy(one.port, 1 << 16) as balancer:
        for turn in range(4):
            balancer.port = (one, other)[turn % 2].port
            answer = check(plugin, "-H", balancer.address)
            assert answer.code == OK and "gets_per_second" not in answer.perfdata, answer
            let_a_second_pass()
        Sandbox.wait_until(lambda: int(one.stat("uptime")) > 8, 20)
        for turn in range(3):
            balancer.port = (one, other)[turn % 2].port
            answer = check(plugin, "-H", balancer.address)
            let_a_second_pass()
        assert "several servers answer at this address" in answer.line1 and "restarted" not in answer.line1
        balancer.port = other.port
        answer = check(plugin, "-H", balancer.address, "-w", "hit_ratio=1:")
        assert answer.code == UNKNOWN and "no value for hit_ratio: several servers answer at this address" in answer.line1
