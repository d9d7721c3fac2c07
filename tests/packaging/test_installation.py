"""Installed on a fresh Debian: what works there, what an upgrade keeps, and that purging leaves nothing."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import PACKAGES, Debs, fresh_root, packed, run
from fresh_root import CommandFailed, FreshRoot

from sandbox import Sandbox
from sandbox.memcached import Memcached

FOLDER = "/usr/lib/nagios/plugins/evenkeel"
# Two users that the system does not know.
SOMEBODY, SOMEBODY_ELSE = 12345, 12346
SECRETS = ("evenkeel.ini", "monitor.cnf", "sync.cnf")

# What a host gets that has a cache and no database.
CACHE_HOST = ("evenkeel-memcached", "evenkeel-common", "libevenkeel0")
ALL_PLUGINS = (*CACHE_HOST, "evenkeel-mysql", "evenkeel-apache", "evenkeel")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as mine:
        yield mine


@pytest.fixture(scope="module")
def cache(box: Sandbox) -> Memcached:
    return Memcached(box)


def names_of(log: str) -> set[str]:
    """What apt says it installs, without Debian 13's mark of a 64-bit time_t."""
    return {name.removesuffix("t64") for name in re.findall(r"^Setting up ([^ :]+)", log, re.MULTILINE)}


# installation


@pytest.fixture(scope="module")
def installed(debs: Debs) -> Iterator[FreshRoot]:
    """A system with all plugins, shared by tests that change nothing of what the packages brought."""
    with fresh_root() as root:
        root.install(*debs.some(*ALL_PLUGINS))
        yield root


@pytest.fixture(scope="module")
def answers(installed: FreshRoot, box: Sandbox, cache: Memcached) -> dict[int, dict[str, list[str]]]:
    """What each plugin said, run twice by each of two users."""
    source = box.server("source")
    replica = box.replica("replica", of=source)
    source.sql(["create database shop", "create table shop.t (id int primary key)", "insert into shop.t values (1)"])
    replica.wait_in_sync()
    for server in (source, replica):
        server.create_user("watcher", "word", ["SLAVE MONITOR ON *.*", "SELECT ON shop.*"])
    (installed / "etc/watcher.cnf").write_text("[client]\nuser=watcher\npassword=word\n")
    pair = f"127.0.0.1:{source.port},127.0.0.1:{replica.port}"
    options = {"check_mysql_replication": ("-H", f"127.0.0.1:{replica.port}", "-f", "/etc/watcher.cnf"),
               "check_table_sync": ("-H", pair, "--table", "shop.*", "-f", "/etc/watcher.cnf"),
               "check_apache_rps": ("-H", "127.0.0.1", "-p", box.free_port()),
               "check_memcached": ("-H", cache.address)}

    def run(user: int, plugin: str) -> str:
        answer = installed.run_as(user, f"{FOLDER}/{plugin}", *options[plugin])
        assert answer.stderr == ""
        return answer.stdout

    both = (SOMEBODY, SOMEBODY_ELSE)
    first = {user: {plugin: run(user, plugin) for plugin in options} for user in both}
    time.sleep(1.01)  # rates are derived from no less
    return {user: {plugin: [first[user][plugin], run(user, plugin)] for plugin in options} for user in both}


@pytest.mark.parametrize(("plugin", "said"), [
    ("check_mysql_replication", "MYSQL_REPLICATION OK - "),
    ("check_table_sync", "TABLE_SYNC OK - "),
    ("check_apache_rps", "APACHE_RPS CRITICAL - "),
    ("check_memcached", "MEMCACHED OK - ")])
@pytest.mark.parametrize("user", [SOMEBODY, SOMEBODY_ELSE])
def test_each_plugin_runs_for_any_user(answers: dict[int, dict[str, list[str]]], user: int, plugin: str, said: str) -> None:
    for answer in answers[user][plugin]:
        assert answer.startswith(said) and "could not keep state" not in answer


def test_each_user_has_a_state_of_its_own(installed: FreshRoot, answers: dict[int, dict[str, list[str]]]) -> None:
    state = installed / "var/lib/evenkeel"
    assert state.stat().st_mode & 0o7777 == 0o1777 and state.stat().st_uid == 0
    modes = {path.stat().st_uid: path.stat().st_mode & 0o777 for path in state.iterdir()}
    assert set(modes) >= {SOMEBODY, SOMEBODY_ELSE} and set(modes.values()) == {0o700}
    assert all(path.name == str(path.stat().st_uid) for path in state.iterdir())
    for user in (SOMEBODY, SOMEBODY_ELSE):
        first, second = answers[user]["check_memcached"]
        assert "gets_per_second" not in first and "gets_per_second=" in second


def test_the_plugins_are_on_an_engineers_path(installed: FreshRoot) -> None:
    assert installed.run("bash", "-lc", "command -v check_table_sync").strip() == f"{FOLDER}/check_table_sync"
    twice = installed.run("sh", "-euc", ". /etc/profile.d/evenkeel.sh; . /etc/profile.d/evenkeel.sh; echo $PATH").strip()
    assert twice.count(FOLDER) == 1 and twice.endswith(FOLDER)
    assert installed.run("sh", "-euc", "unset PATH; . /etc/profile.d/evenkeel.sh; echo $PATH").strip() == FOLDER


# NRPE


def group_of(root: FreshRoot, name: str) -> str:
    return root.run("stat", "-c", "%U:%G %a", f"/etc/evenkeel/{name}").strip()


@dataclass(frozen=True)
class Nrpe:
    port: int

    def ask(self, command: str) -> str:
        return subprocess.run(["/usr/lib/nagios/plugins/check_nrpe", "-H", "127.0.0.1", "-p", str(self.port), "-c", command],
                              capture_output=True, text=True, check=False).stdout


@contextlib.contextmanager
def running_nrpe(root: FreshRoot, box: Sandbox) -> Iterator[Nrpe]:
    """NRPE of that system, as its package configures it but for the port."""
    # What systemd makes before it starts NRPE.
    (root / "run/nagios").mkdir(exist_ok=True)
    port = box.free_port()
    settings = root / "etc/nagios/nrpe.cfg"
    settings.write_text(re.sub("^server_port=.*$", f"server_port={port}", settings.read_text(), flags=re.MULTILINE))
    daemon = subprocess.Popen(["chroot", root.folder, "/usr/sbin/nrpe", "-c", "/etc/nagios/nrpe.cfg", "-f"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def listens() -> bool:
        assert daemon.poll() is None, f"NRPE has ended: {daemon.stdout and daemon.stdout.read()!r}"
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    try:
        box.wait_until(listens, 20)
        yield Nrpe(port)
    finally:
        daemon.terminate()
        daemon.wait()


def test_a_cache_host_gets_no_other_client_and_its_nrpe_later(root: FreshRoot, debs: Debs, box: Sandbox,
                                                             cache: Memcached) -> None:
    brought = names_of(root.install(*debs.some(*CACHE_HOST)))
    assert "libmemcached11" in brought
    assert not [name for name in brought if re.search("mysql|maria|curl", name)]
    assert {group_of(root, name) for name in SECRETS} == {"root:root 640"}
    root.install("nagios-nrpe-server")
    assert {group_of(root, name) for name in SECRETS} == {"root:nagios 640"}
    (root / "etc/evenkeel/evenkeel.ini").write_text(f"[check_memcached]\nhostname = {cache.address}\n")
    with running_nrpe(root, box) as nrpe:
        assert nrpe.ask("check_memcached").startswith("MEMCACHED OK - ")


def test_removal_keeps_the_configuration_and_nrpe_running(root: FreshRoot, debs: Debs, box: Sandbox) -> None:
    root.install("nagios-nrpe-server")
    root.install(*debs.some(*ALL_PLUGINS))
    assert {group_of(root, name) for name in SECRETS} == {"root:nagios 640"}
    (root / "etc/evenkeel/monitor.cnf").chmod(0o600)
    root.run("apt-get", "-y", "remove", "libevenkeel0", "evenkeel-common")
    assert not (root / FOLDER[1:]).exists() and not (root / "usr/share/evenkeel").exists()
    assert [group_of(root, name) for name in SECRETS] == ["root:nagios 640", "root:nagios 600", "root:nagios 640"]
    assert (root / "etc/evenkeel/nrpe.d").is_dir() and "nrpe.d" in (root / "etc/nagios/nrpe.d/evenkeel.cfg").read_text()
    with running_nrpe(root, box) as nrpe:
        assert "Unable to read output" in nrpe.ask("check_memcached")


# Nagios

SERVICE = """
define host {{
    use        evenkeel-nrpe-host,linux-server
    host_name  here
    address    127.0.0.1
    _NRPE_PORT {port}
}}
define service {{
    use                  evenkeel-light
    host_name            here
    service_description  memcached
    check_command        evenkeel_nrpe!check_memcached
}}
"""


def status_of(root: FreshRoot, service: str) -> dict[str, str]:
    """What Nagios says of a service in its status file; empty before it has checked it."""
    told = root / "var/lib/nagios4/status.dat"
    blocks = re.findall(r"^servicestatus \{\n(.*?)^\s*\}", told.read_text() if told.exists() else "", re.MULTILINE | re.DOTALL)
    found = [dict(line.strip().split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    [mine] = [block for block in found if block["service_description"] == service] or [{}]
    return mine if mine.get("has_been_checked") == "1" else {}


def test_from_apt_install_to_a_green_service_in_nagios(root: FreshRoot, debs: Debs, box: Sandbox, cache: Memcached) -> None:
    """All configuration is the packages' own, but for what this host monitors and that Nagios reads our definitions."""
    root.install(*debs.some(*ALL_PLUGINS), "nagios-nrpe-server", "nagios-nrpe-plugin", "nagios4-core")
    (root / "etc/evenkeel/evenkeel.ini").write_text(f"[check_memcached]\nhostname = {cache.address}\n")
    with running_nrpe(root, box) as nrpe:
        (root / "etc/nagios4/conf.d/here.cfg").write_text(SERVICE.format(port=nrpe.port))
        with (root / "etc/nagios4/nagios.cfg").open("a") as settings:
            settings.write("cfg_file=/usr/share/evenkeel/nagios/evenkeel.cfg\ninterval_length=1\nstatus_update_interval=1\n")
        daemon = subprocess.Popen(["chroot", root.folder, "nagios4", "/etc/nagios4/nagios.cfg"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # Its status file goes when it ends.
        status: dict[str, str] = {}
        try:
            box.wait_until(lambda: daemon.poll() is not None or status.update(status_of(root, "memcached")) or status, 60)
        finally:
            daemon.terminate()
            log = daemon.communicate()[0]
    assert status, log
    assert status["current_state"] == "0", log
    assert status["plugin_output"].startswith("MEMCACHED OK - ") and status["performance_data"].startswith("response_time=")


# side by side with monitoring-plugins-contrib


def test_both_check_memcached_in_either_order(root: FreshRoot, debs: Debs) -> None:
    theirs = "/usr/lib/nagios/plugins/check_memcached"
    both = f"dpkg -S {FOLDER}/check_memcached {theirs} && dpkg --verify evenkeel-memcached monitoring-plugins-contrib"
    root.install("monitoring-plugins-contrib")
    root.install(*debs.some(*CACHE_HOST))
    assert "evenkeel-memcached:" in root.run("sh", "-ec", both)
    root.run("apt-get", "-y", "purge", "evenkeel-memcached")
    assert (root / theirs[1:]).exists() and not (root / FOLDER[1:] / "check_memcached").exists()
    root.run("apt-get", "-y", "purge", "monitoring-plugins-contrib")
    root.install(*debs.some(*CACHE_HOST))
    root.install("monitoring-plugins-contrib")
    assert "evenkeel-memcached:" in root.run("sh", "-ec", both)


# upgrade, removal, purge


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Debs:
    """The build before this one: its NRPE commands were others, and it had a file that is gone now."""
    built = Debs(packed("DEB", tmp_path_factory.mktemp("earlier"), CPACK_DEBIAN_PACKAGE_RELEASE="0.1"))
    folder = tmp_path_factory.mktemp("changed") / "common"
    run("dpkg-deb", "-R", built["evenkeel-common"], folder)
    (folder / "etc/nagios/nrpe.d/evenkeel.cfg").write_text("# as it was\n")
    (folder / "usr/share/evenkeel/gone").write_text("")
    run("dpkg-deb", "--root-owner-group", "-b", folder, built["evenkeel-common"])
    return built


def test_an_upgrade_keeps_what_is_the_hosts_own(root: FreshRoot, earlier: Debs, debs: Debs, cache: Memcached) -> None:
    root.install(*earlier.some(*ALL_PLUGINS))
    own = {"etc/evenkeel/monitor.cnf": "[client]\nuser=me\n", "etc/evenkeel/nrpe.d/mine.cfg": "command[mine]=/bin/true\n"}
    for path, text in own.items():
        (root / path).write_text(text)
    assert "gets_per_second" not in root.run_as(SOMEBODY, f"{FOLDER}/check_memcached", "-H", cache.address).stdout
    with pytest.raises(CommandFailed, match="evenkeel-common"):
        root.install(*debs.some("evenkeel-mysql"))

    log = root.install(*debs.some(*ALL_PLUGINS))
    assert "onfiguration file" not in log
    for name in ALL_PLUGINS:
        assert root.run("dpkg-query", "-W", "-f", "${Version}", name) == debs.field(name, "Version") > earlier.field(
            name, "Version")
    assert {path: (root / path).read_text() for path in own} == own
    assert (root / "etc/nagios/nrpe.d/evenkeel.cfg").read_text().startswith("# Commands for NRPE")
    assert not (root / "usr/share/evenkeel/gone").exists()
    assert "gets_per_second=" in root.run_as(SOMEBODY, f"{FOLDER}/check_memcached", "-H", cache.address).stdout


def dependencies(debs: Debs) -> set[str]:
    fields = (debs.field(name, "Depends") for name in PACKAGES)
    return {item.split()[0] for field in fields for item in field.split(",") if item} - set(PACKAGES)


def test_purging_leaves_nothing(root: FreshRoot, debs: Debs, cache: Memcached) -> None:
    root.install(*sorted(dependencies(debs)))
    before = root.paths()
    root.install(*debs.some(*PACKAGES))
    for user in (SOMEBODY, 0):
        assert root.run_as(user, f"{FOLDER}/check_memcached", "-H", cache.address).returncode == 0
    during = root.paths()
    assert len(during) > len(before) + 50 and f"/var/lib/evenkeel/{SOMEBODY}" in during
    root.run("apt-get", "-y", "purge", *PACKAGES)
    assert root.paths() == before
    assert "evenkeel" not in root.run("dpkg-query", "-W")


# third parties' plugins


@pytest.fixture(scope="module")
def workshop(debs: Debs) -> Iterator[FreshRoot]:
    with fresh_root(tools=True) as root:
        root.install(*debs.some("libevenkeel-dev", "libevenkeel0"))
        yield root


def test_a_plugin_of_ones_own(workshop: FreshRoot) -> None:
    """The example that libevenkeel-dev brings, and the one in CONTRIBUTING.md, each by CMake and by pkg-config."""
    contributing = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
    [connections] = re.findall(r"```cpp\n(.*?)```", contributing, re.DOTALL)
    work = workshop / "mine"
    work.mkdir()
    (work / "connections.cpp").write_text(connections)
    (work / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(mine LANGUAGES CXX)\n"
        "find_package(evenkeel 0.1 REQUIRED COMPONENTS mysql http memcached)\nadd_executable(connections connections.cpp)\n"
        "target_link_libraries(connections PRIVATE evenkeel::mysql)\n")
    example = "/usr/share/doc/libevenkeel-dev/examples/check_free_space"
    for script in (
            f"cmake -S {example} -B /mine/one && cmake --build /mine/one && mv /mine/one/check_free_space /mine/free_cmake",
            f"cd /mine && g++ -std=c++20 {example}/check_free_space.cpp -o free_pkg $(pkg-config --cflags --libs evenkeel)",
            "cmake -S /mine -B /mine/two && cmake --build /mine/two && mv /mine/two/connections /mine/connections_cmake",
            "cd /mine && g++ -std=c++20 connections.cpp -o connections_pkg $(pkg-config --cflags --libs evenkeel-mysql)"):
        workshop.run("sh", "-ec", script)
    for built in ("free_cmake", "free_pkg"):
        answer = workshop.run_as(SOMEBODY, f"/mine/{built}", "-w", "0:", "-c", "0:")
        assert re.fullmatch(r"FREE_SPACE OK - [\d.]+ % of / is free \| free=[\d.]+%;0:;0:;0;100\n", answer.stdout)
        assert workshop.run_as(SOMEBODY, f"/mine/{built}", "-c", "101:").returncode == 2
    for built in ("connections_cmake", "connections_pkg"):
        answer = workshop.run_as(SOMEBODY, f"/mine/{built}", "-H", "127.0.0.1:1", "-u", "nobody")
        assert answer.stdout.startswith("MYSQL_CONNECTIONS CRITICAL - 127.0.0.1:1: ") and answer.returncode == 2


def test_an_unknown_component_is_named(workshop: FreshRoot) -> None:
    (workshop / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(mine LANGUAGES CXX)\n"
                                         "find_package(evenkeel REQUIRED COMPONENTS ldap)\n")
    with pytest.raises(CommandFailed, match="no component ldap; there are mysql, http"):
        workshop.run("cmake", "-S", "/", "-B", "/named")
