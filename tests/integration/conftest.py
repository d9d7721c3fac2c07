"""Fixtures for tests that run a plugin against real servers. The servers come from tests/sandbox (README.md there)."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from sandbox import KINDS, KindUnavailable, Sandbox, SandboxError, Server, kinds  # noqa: E402

BUILD = Path(os.environ.get("EVENKEEL_BUILD", TESTS.parent / "build" / "release")).absolute()
PLUGIN_SECONDS = 30


def _is_sanitized() -> bool:
    cache = BUILD / "CMakeCache.txt"
    return cache.exists() and "-fsanitize" in cache.read_text()


SANITIZED = _is_sanitized()
SOAK = bool(os.environ.get("EVENKEEL_SOAK"))  # the long versions of the tests that have one


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a module's servers, SHARED_SERVERS there, run in one process, or each process would start them.
    They begin first: what is long must not begin last."""
    for item in items:
        fixture = getattr(item.module, "SHARED_SERVERS", None)  # type: ignore[attr-defined]
        if fixture in item.fixturenames:  # type: ignore[attr-defined]
            params = item.callspec.params if hasattr(item, "callspec") else {}
            which = params.get(fixture, params.get("kind", ""))
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{which}".rstrip("-")))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


# servers


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of server in turn; skipped by name where it cannot be had."""
    name = str(request.param)
    try:
        kinds.programs(name)
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    return name


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A box of the test's own, for what a shared pair cannot show."""
    with Sandbox() as mine:
        yield mine


class Pair:
    """A source and its replica, shared by many tests. Break it with `pair.replica.breakages`."""

    def __init__(self, box: Sandbox, kind: str) -> None:
        self.box, self.kind = box, kind
        self._build()

    def _build(self) -> None:
        self.source: Server = self.box.server("source", kind=self.kind)
        self.replica: Server = self.box.replica("replica", of=self.source)

    def settle(self) -> None:
        """As it was when it was new; if it cannot be brought back, a new one."""
        try:
            for server in (self.source, self.replica):
                server.thaw()
                server.start()
            if not all(channel.healthy for channel in self.replica.channels()):
                self.replica.stop_replica()
                self.replica.start_replica()
            self._drop_databases()
            self.replica.wait_in_sync(5)
            healthy = not self.replica.own_transactions() and self.replica.is_read_only()
        except (SandboxError, OSError, *Server.sql_errors):
            healthy = False
        if not healthy:
            self.box.remove(self.replica)
            self.box.remove(self.source)
            self._build()

    def _drop_databases(self) -> None:
        own = ("information_schema", "mysql", "performance_schema", "sys", "sandbox_source")
        for row in self.source.sql("show databases"):
            if row["Database"] not in own:
                self.source.sql(f"drop database `{row['Database']}`")


@pytest.fixture(scope="session")
def _pairs() -> Iterator[dict[str, Pair]]:
    pairs: dict[str, Pair] = {}
    yield pairs
    for pair in pairs.values():
        pair.box.end()


@pytest.fixture
def pair(kind: str, _pairs: dict[str, Pair]) -> Pair:
    """A source and a replica in sync, of each kind in turn."""
    if kind in _pairs:
        _pairs[kind].settle()
    else:
        _pairs[kind] = Pair(Sandbox(), kind)
    return _pairs[kind]


# plugins


class PerfValue(NamedTuple):
    value: float
    uom: str
    warn: str
    crit: str
    min: float | None
    max: float | None


_NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)"
_ITEM = re.compile(rf"""\s*(?: '(?P<quoted>(?:[^']|'')*)' | (?P<bare>[^\s'=]+) ) =
                       (?P<value>{_NUMBER}) (?P<uom>[a-zA-Z%]*)
                       (?:;(?P<warn>[^;\s]*))? (?:;(?P<crit>[^;\s]*))?
                       (?:;(?P<min>(?:{_NUMBER})?))? (?:;(?P<max>(?:{_NUMBER})?))? (?=\s|$)""", re.VERBOSE)


def parse_perfdata(text: str) -> dict[str, PerfValue]:
    """Strict: whatever is not an item, and a label that comes twice, fails the test."""
    found: dict[str, PerfValue] = {}
    position = 0
    text = text.rstrip()
    while position < len(text):
        item = _ITEM.match(text, position)
        assert item, f"not performance data: {text[position:]!r}"
        label = item["bare"] or item["quoted"].replace("''", "'")
        assert label not in found, f"label {label!r} twice in {text!r}"
        low, high = (float(item[name]) if item[name] else None for name in ("min", "max"))
        found[label] = PerfValue(float(item["value"]), item["uom"], item["warn"] or "", item["crit"] or "", low, high)
        position = item.end()
    return found


@dataclass(frozen=True)
class Answer:
    """What a plugin said."""
    code: int
    stdout: str
    stderr: str
    seconds: float
    command: list[str] = field(repr=False)

    @property
    def line1(self) -> str:
        return self.stdout.partition("\n")[0]

    @property
    def perfdata(self) -> dict[str, PerfValue]:
        return parse_perfdata(self.line1.partition("|")[2])


@dataclass(frozen=True)
class PluginRunner:
    """plugin("check_x", "-H", …) runs it to its end; a plugin that does not end fails the test."""
    state_dir: Path

    def path(self, name: str) -> Path:
        return BUILD / "plugins" / name / name

    def environment(self, changes: Mapping[str, str] | None = None) -> dict[str, str]:
        # ThreadSanitizer gives other threads a second at the end; ours end with the process.
        return {"TSAN_OPTIONS": "atexit_sleep_ms=0", **os.environ, "LC_ALL": "C", "EVENKEEL_STATE_DIR": str(self.state_dir), **(changes or {})}

    def __call__(self, name: str, *arguments: object, env: Mapping[str, str] | None = None,
                 seconds: float = PLUGIN_SECONDS) -> Answer:
        if not self.path(name).exists():
            pytest.fail(f"{self.path(name)} is not built; EVENKEEL_BUILD says which build to test")
        command = [str(self.path(name)), *map(str, arguments)]
        began = time.monotonic()
        process = subprocess.Popen(command, env=self.environment(env), stdin=subprocess.DEVNULL, text=True,
                                   encoding="utf-8", errors="surrogateescape", start_new_session=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {seconds} s: {' '.join(command)}")
        finally:
            # Whatever it left behind would hold the pipes.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return Answer(process.returncode, out, err, time.monotonic() - began, command)


@pytest.fixture
def plugin(tmp_path: Path) -> PluginRunner:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return PluginRunner(state)
