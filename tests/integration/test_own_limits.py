"""Limits of the machine that the plugin runs on: the usual verdict, or UNKNOWN that names the limit. Never a crash, a
hang, or an outage of somebody else's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import SANITIZED, Pair, PluginRunner
from sandbox import DEFAULT_KIND, Sandbox
from sandbox.apache import Apache
from sandbox.memcached import Memcached

SHARED_SERVERS = "targets"  # see conftest.py
pytestmark = pytest.mark.skipif(SANITIZED, reason="sanitizers take more of everything than any limit leaves")

NAMED = {
    "nofile": re.compile(r"may not open more files \(its limit is \d+, see ulimit -n\)"),
    "as": re.compile(r"gets no more memory \(its limit is \d+ KiB, see ulimit -v and -d\)"),
    "nproc": re.compile(r"may start no more threads"),
}
LOADER = ("error while loading shared libraries", "cannot allocate TLS data structures")


@dataclass
class Targets:
    good: dict[str, list[str]]
    closed: dict[str, list[str]]


@pytest.fixture(scope="module")
def targets() -> Iterator[Targets]:
    box = Sandbox()
    folder = tempfile.mkdtemp(dir="/tmp")  # other users read it
    try:
        pair = Pair(box, DEFAULT_KIND)
        pair.source.sql(["create database shop", "create table shop.t (id int primary key)", "insert into shop.t values (1), (2)",
                         *(f"create table shop.t{i} as select * from shop.t" for i in range(6))])
        pair.replica.wait_in_sync()
        os.chmod(folder, 0o755)
        login = Path(folder) / "monitor.cnf"
        pair.source.monitor_file()
        lines = Path(pair.replica.monitor_file()).read_text().splitlines()
        login.write_text("\n".join(line for line in lines if line.partition("=")[0].strip() not in ("host", "port", "socket")))
        login.chmod(0o644)
        for server in (pair.source, pair.replica):  # an account is not replicated
            server.create_user("syncer", "x", ["select on *.*", "replication client on *.*", "slave monitor on *.*"])
        pair.replica.wait_in_sync()
        cache, web = Memcached(box, "cache"), Apache(box, "web")
        source, replica = (f"{server.host}:{server.port}" for server in (pair.source, pair.replica))
        nobody = f"127.0.0.1:{box.free_port()}"
        sync = ["-u", "syncer", "-p", "x", "--table", "shop.t", "--no-state", "--confirm", "1"]
        yield Targets({"check_memcached": ["-H", cache.address], "check_apache_rps": ["-H", web.address, "--interval", "0.1"],
                       "check_mysql_replication": ["-H", replica, "-f", str(login)],
                       "check_table_sync": ["-H", f"{source},{replica}", *sync]},
                      {"check_memcached": ["-H", nobody], "check_apache_rps": ["-H", nobody],
                       "check_mysql_replication": ["-H", nobody, "-f", str(login)],
                       "check_table_sync": ["-H", f"{nobody},{replica}", *sync]})
    finally:
        box.end()
        shutil.rmtree(folder)


def limited(plugin: PluginRunner, name: str, words: list[str], limit: str, value: int, **options: object) -> tuple[int, str, str]:
    done = subprocess.run(["prlimit", f"--{limit}={value}:{value}", str(plugin.path(name)), *words, "-t", "9"],
                          env=plugin.environment(), capture_output=True, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload]
    return done.returncode, done.stdout, done.stderr


PLUGINS = ["check_memcached", "check_apache_rps", "check_mysql_replication", "check_table_sync"]
VALUES = {"nofile": [3, *range(4, 33), 48, 64], "as": [mib << 20 for mib in (*range(8, 64, 4), *range(64, 200, 16))]}


@pytest.mark.parametrize("limit", VALUES)
@pytest.mark.parametrize("name", PLUGINS)
def test_a_good_target_is_good_or_the_limit_is_named(plugin: PluginRunner, targets: Targets, name: str, limit: str) -> None:
    assert limited(plugin, name, targets.good[name], "nofile", 1024)[0] == 0
    wrong = []
    for value in VALUES[limit]:
        code, out, err = limited(plugin, name, targets.good[name], limit, value)
        if code == 127 and any(words in err for words in LOADER):
            continue
        if not (code == 0 or (code == 3 and NAMED[limit].search(out) and out.count("\n") >= 1 and "mistake of ours" not in out)):
            wrong.append((value, code, out, err))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("limit", VALUES)
@pytest.mark.parametrize("name", PLUGINS)
def test_a_closed_port_is_refused_or_the_limit_is_named(plugin: PluginRunner, targets: Targets, name: str, limit: str) -> None:
    wrong = []
    for value in VALUES[limit]:
        code, out, err = limited(plugin, name, targets.closed[name], limit, value)
        if code == 127 and any(words in err for words in LOADER):
            continue
        if not ((code == 2 and "refused" in out) or (code == 3 and NAMED[limit].search(out))):
            wrong.append((value, code, out, err))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user's id")
@pytest.mark.parametrize("name", PLUGINS)
def test_without_threads(plugin: PluginRunner, targets: Targets, name: str) -> None:
    """The limit counts all processes of a user; root has none."""
    user = 61234
    wrong = []
    for value in (1, 2, 3, 4, 8):
        done = subprocess.run(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "prlimit", f"--nproc={value}:{value}",
                               str(plugin.path(name)), *targets.good[name], "--no-state" if name != "check_table_sync" else "-v"],
                              env=plugin.environment(), capture_output=True, text=True, timeout=60, check=False)
        if not (done.returncode == 0 or (done.returncode == 3 and NAMED["nproc"].search(done.stdout))):
            wrong.append((value, done.returncode, done.stdout, done.stderr))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user's id")
@pytest.mark.parametrize("more", [["--threads", "6"], ["--digest"]], ids=["threads", "digest"])
def test_without_some_of_many_threads(plugin: PluginRunner, targets: Targets, more: list[str]) -> None:
    """A limit that lets the first threads start and not the last: those that did start are neither lost nor crash."""
    words = [*targets.good["check_table_sync"], "--table", "shop.*", *more]
    assert limited(plugin, "check_table_sync", words, "nofile", 1024)[0] == 0
    wrong = []
    for value in range(1, 28):
        done = subprocess.run(["setpriv", "--reuid=61234", "--regid=61234", "--clear-groups", "prlimit", f"--nproc={value}:{value}",
                               str(plugin.path("check_table_sync")), *words, "-t", "20"],
                              env=plugin.environment(), capture_output=True, text=True, timeout=60, check=False)
        if not (done.returncode == 0 or (done.returncode == 3 and NAMED["nproc"].search(done.stdout) and "of ours" not in done.stdout)):
            wrong.append((value, done.returncode, done.stdout, done.stderr))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user's id")
@pytest.mark.parametrize("name", PLUGINS)
def test_the_strictest_umask(plugin: PluginRunner, targets: Targets, name: str) -> None:
    words = [word for word in targets.good[name] if word != "--no-state"]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        for _ in range(2):
            done = subprocess.run(["setpriv", "--reuid=61234", "--regid=61234", "--clear-groups", str(plugin.path(name)), *words,
                                   "--state-dir", f"{folder}/kept"], env=plugin.environment(), capture_output=True, text=True,
                                  timeout=60, check=False, umask=0o777)
            assert done.returncode == 0 and "could not keep state" not in done.stdout, done.stdout
