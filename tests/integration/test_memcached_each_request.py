"""check_memcached: one request, whichever it is, is not answered, or not as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Answer, PluginRunner
from each_request import Attempt, attempts, check_manners, never_alerting, position, timed_out
from fakes.failing_proxy import BINARY, CLOSE, HANG, RESET, TEXT, binary_error, cut, instead
from sandbox import KindUnavailable, Sandbox
from sandbox.memcached import Memcached

CHECK = "check_memcached"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
SMALL = ["-m", "2", "-o", "no_slab_reassign"]

ROUND_TRIP = {"set", "get", "delete"}
DETAILS = {"stats settings", "stats items", "stats slabs"}
LOST = [CLOSE, RESET, cut(1), cut(5), cut(-1), cut(-5)]
REFUSED = [instead(f"{words}\r\n".encode(), words) for words in ("ERROR", "SERVER_ERROR out of memory storing object",
                                                                 "CLIENT_ERROR bad command line format")]
FAULTS = [HANG, *LOST, *REFUSED]

RATES = ["hit_ratio", "evictions_per_second", "refused_per_second", "gets_per_second", "sets_per_second",
         "expired_unfetched_per_second", "evicted_unfetched_per_second"]
GAUGES = ["memory_used", "connections_used", "items", "uptime", "threads", "listen_disabled_num", "accepting_conns"]


@pytest.fixture(scope="module")
def servers() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="module")
def pool(servers: Sandbox) -> list[Memcached]:
    """Three of one kind. They have evicted, so that a run asks for all there is."""
    caches = [Memcached(servers, f"cache{number}", options=SMALL) for number in range(3)]
    for cache in caches:
        cache.sets(0, 8000, 1000)
        assert int(cache.stat("evictions")) > 0
    return caches


def asked(attempt: Attempt) -> str:
    words = attempt.failed.partition(b"\r\n")[0].decode().split()
    return " ".join(words[:2] if words[0] == "stats" else words[:1])


def key_of(attempt: Attempt) -> str:
    sets = [request.split()[1] for request in attempt.proxy.requests if request.startswith(b"set ")]
    assert len(sets) <= 1
    return sets[0].decode() if sets else ""


def lost(attempt: Attempt) -> bool:
    return attempt.fault in LOST


def reason(attempt: Attempt) -> str:
    return "connection" if lost(attempt) else attempt.fault.name


def check_key_is_gone(attempt: Attempt, cache: Memcached) -> None:
    """Where it can be deleted: a server that hangs takes all of the time, and one that refuses to delete is not asked again."""
    refuses_to_delete = asked(attempt) == "delete" and attempt.fault in REFUSED
    if key_of(attempt) and attempt.fault is not HANG and asked(attempt) != "set" and not refuses_to_delete:
        assert cache.ask(f"get {key_of(attempt)}") == ["END"], f"the value stays behind: {attempt}"


def check_round_trip(attempt: Attempt, cache: Memcached) -> None:
    answer = attempt.answer
    assert answer.code == CRITICAL and attempt.proxy.address in answer.line1, attempt
    if attempt.fault is HANG:
        assert timed_out(attempt, asked(attempt)) or (asked(attempt) == "set" and timed_out(attempt, "connecting, set")), attempt
    else:
        assert asked(attempt) + ": " in answer.line1 and reason(attempt) in answer.line1, attempt
    check_key_is_gone(attempt, cache)


def check_details(attempt: Attempt) -> None:
    """They explain a verdict and do not make it."""
    answer = attempt.answer
    if attempt.fault is HANG:
        assert timed_out(attempt, asked(attempt)), attempt
        return
    assert answer.code == OK and "no statistics" not in answer.line1, attempt
    assert set(GAUGES) <= set(answer.perfdata), attempt


def test_a_first_run(plugin: PluginRunner, pool: list[Memcached]) -> None:
    def ask(address: str, timeout: float) -> Answer:
        return plugin(CHECK, "-H", address, "-t", timeout)

    cache = pool[0]
    with attempts(cache.port, TEXT, ask, FAULTS) as found:
        assert {asked(attempt) for attempt in found} == {*ROUND_TRIP, "stats", *DETAILS}
        for attempt in found:
            check_manners(attempt, "MEMCACHED")
            if asked(attempt) in ROUND_TRIP:
                check_round_trip(attempt, cache)
            elif asked(attempt) in DETAILS:
                check_details(attempt)
            elif attempt.fault is HANG:
                assert timed_out(attempt, "stats"), attempt
            else:
                assert attempt.answer.code == OK and "no statistics: stats: " in attempt.answer.line1, attempt
                assert reason(attempt) in attempt.answer.line1, attempt
                assert set(attempt.answer.perfdata) == {"response_time"}, attempt


def test_a_second_run_with_thresholds(plugin: PluginRunner, pool: list[Memcached]) -> None:
    def ask(address: str, timeout: float) -> Answer:
        return plugin(CHECK, "-H", address, "-t", timeout, "--min-gets", 0, *never_alerting(RATES + GAUGES), "-vvv")

    cache = pool[0]
    with attempts(cache.port, TEXT, ask, FAULTS, second_run=True) as found:
        for attempt in found:
            check_manners(attempt, "MEMCACHED")
            if asked(attempt) in ROUND_TRIP:
                check_round_trip(attempt, cache)
            elif asked(attempt) in DETAILS:
                check_details(attempt)
                if attempt.fault is not HANG:
                    assert set(RATES[1:]) <= set(attempt.answer.perfdata), attempt
            elif attempt.fault is HANG:
                assert timed_out(attempt, "stats"), attempt
            else:
                assert attempt.answer.code == UNKNOWN, attempt
                for label in RATES + GAUGES:
                    assert f"no value for {label}: stats: " in attempt.answer.stdout, attempt


@pytest.mark.parametrize("mode", [["--no-statistics"], ["--no-round-trip"], ["--no-state", *never_alerting(GAUGES)]],
                         ids=lambda words: words[0])
def test_a_part_of_it(plugin: PluginRunner, pool: list[Memcached], mode: list[str]) -> None:
    def ask(address: str, timeout: float) -> Answer:
        return plugin(CHECK, "-H", address, "-t", timeout, *mode)

    cache = pool[0]
    with attempts(cache.port, TEXT, ask, FAULTS) as found:
        for attempt in found:
            check_manners(attempt, "MEMCACHED")
            if asked(attempt) in ROUND_TRIP:
                assert mode != ["--no-round-trip"]
                check_round_trip(attempt, cache)
            elif asked(attempt) in DETAILS:
                check_details(attempt)
            else:
                assert mode != ["--no-statistics"]
                expected = UNKNOWN if attempt.fault in REFUSED or (lost(attempt) and "--no-state" in mode) else CRITICAL
                assert attempt.answer.code == expected and attempt.proxy.address in attempt.answer.line1, attempt


def test_one_of_a_pool(plugin: PluginRunner, pool: list[Memcached]) -> None:
    others = [cache.address for cache in pool[1:]]

    def ask(address: str, timeout: float) -> Answer:
        hosts = [*others[:position(address)], address, *others[position(address):]]
        return plugin(CHECK, "-H", ",".join(hosts), "-t", timeout, "--same-settings")

    cache = pool[0]
    with attempts(cache.port, TEXT, ask, FAULTS) as found:
        for attempt in found:
            check_manners(attempt, "MEMCACHED")
            for other in others:
                assert f"[OK] {other}: stored and fetched in " in attempt.answer.stdout, attempt
                assert f"items@{other}" in attempt.answer.perfdata, attempt
            if asked(attempt) in ROUND_TRIP:
                check_round_trip(attempt, cache)
            elif asked(attempt) in DETAILS and attempt.fault is not HANG:
                assert attempt.answer.code == OK and f"items@{attempt.proxy.address}" in attempt.answer.perfdata, attempt
            elif attempt.fault is HANG:
                assert attempt.answer.code == CRITICAL and attempt.proxy.address in attempt.answer.line1, attempt
            else:
                told = f"{attempt.proxy.address}: --same-settings needs its version and memory limit"
                assert attempt.answer.code == UNKNOWN and told in attempt.answer.line1, attempt


# the binary protocol

OPCODES = {0x00: "get", 0x01: "set", 0x04: "delete", 0x0A: "noop", 0x0B: "version", 0x0C: "get", 0x0D: "get", 0x10: "stats",
           0x20: "sasl list", 0x21: "sasl auth"}
BINARY_LOST = [CLOSE, RESET, cut(1), cut(12), cut(-1)]
NO_SASL = binary_error(0x81, "Unknown command")
BINARY_REFUSED = [NO_SASL, binary_error(0x82, "Out of memory"), binary_error(0x84, "Internal error"), binary_error(0x85, "Busy")]


def asked_in_binary(attempt: Attempt) -> str:
    """With the name of the statistics."""
    return " ".join([OPCODES[attempt.failed[1]], *([attempt.failed[24:].decode()] if attempt.failed[1] == 0x10 else [])]).strip()


@pytest.mark.parametrize("second_run", [False, True], ids=["first", "second"])
def test_in_the_binary_protocol(plugin: PluginRunner, servers: Sandbox, tmp_path: Path, second_run: bool) -> None:
    try:
        cache = Memcached(servers, f"sasl-{second_run}", sasl=("monitor", "Pa55w0rd"))
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    labels = (RATES[1:] if second_run else []) + GAUGES
    thresholds = never_alerting(labels) if second_run else []

    def ask(address: str, timeout: float) -> Answer:
        return plugin(CHECK, "-H", address, "-t", timeout, "--auth-file", file, "-vvv", *thresholds)

    with attempts(cache.port, BINARY, ask, [HANG, *BINARY_LOST, *BINARY_REFUSED], second_run) as found:
        assert {"sasl list", "sasl auth", "set", "get", "noop", "delete", "stats"} <= {asked_in_binary(attempt) for attempt in found}
        for attempt in found:
            check_manners(attempt, "MEMCACHED")
            what, answer = asked_in_binary(attempt), attempt.answer
            refused = attempt.fault in BINARY_REFUSED
            words = attempt.fault.name if refused else "timed out" if attempt.fault is HANG else "connection"
            told_of = {"noop": "get", "version": "stats"}.get(what, what)
            if what.startswith("sasl"):
                missing = attempt.fault is NO_SASL
                assert answer.code == (UNKNOWN if missing else CRITICAL), attempt
                assert ("the server has no SASL" if missing else words) in answer.line1, attempt
            elif told_of in ROUND_TRIP:
                assert answer.code == CRITICAL and told_of in answer.line1 and words in answer.line1, attempt
            elif attempt.fault is HANG and what.startswith("stats"):
                assert timed_out(attempt, what), attempt
            elif what == "stats settings" or (what == "version" and refused):
                assert answer.code == OK and set(labels) <= set(answer.perfdata), attempt
            elif attempt.fault is HANG:
                assert timed_out(attempt, "stats"), attempt
            elif second_run:
                assert answer.code == UNKNOWN and words in answer.line1, attempt
                assert all(f"no value for {label}: stats: " in answer.stdout for label in labels), attempt
            else:
                assert answer.code == OK and "no statistics: stats: " in answer.line1 and words in answer.line1, attempt
