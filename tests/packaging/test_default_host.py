"""A host with Debian's own mariadb-server, apache2 and memcached: each command is green, or says what to fill in."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from collections.abc import Iterator

import pytest
from conftest import Debs, fresh_root
from fresh_root import FreshRoot

from sandbox import Sandbox

PLUGINS = "/usr/lib/nagios/plugins/evenkeel"
INI = "/etc/evenkeel/evenkeel.ini"
GRANT = "/usr/share/evenkeel/evenkeel-grant"


@contextlib.contextmanager
def running(root: FreshRoot, box: Sandbox, port: int, *command: str) -> Iterator[None]:
    daemon = subprocess.Popen(["chroot", root.folder, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)

    def listens() -> bool:
        assert daemon.poll() is None, f"{command[0]} has ended: {daemon.stdout and daemon.stdout.read()!r}"
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    try:
        box.wait_until(listens, 30)
        yield
    finally:
        daemon.terminate()
        daemon.communicate()


class Host:
    """Servers as their packages configure them, but for ports: this machine's own may be taken."""

    def __init__(self, root: FreshRoot, ports: dict[str, int]) -> None:
        self.root, self.ports = root, ports

    def ask(self, plugin: str) -> subprocess.CompletedProcess[str]:
        """As nrpe.d has it, by NRPE's user, with the port that this test had to change."""
        line = (self.root / "etc/nagios/nrpe.d/evenkeel.cfg").read_text()
        [command] = re.findall(rf"^command\[{plugin}\]=(.*)$", line, re.MULTILINE)
        port = f" --port={self.ports[plugin]}" if plugin in self.ports else ""
        return subprocess.run(["chroot", self.root.folder, "su", "nagios", "-s", "/bin/sh", "-c", command + port],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def grant(self, *words: str) -> None:
        done = subprocess.run(["chroot", self.root.folder, GRANT, *words], input="a word of the test\n", capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, done.stderr

    def fill_in(self, line: str) -> None:
        """Takes away the # of a line of evenkeel.ini, or replaces its value."""
        ini = self.root / INI[1:]
        key = line.partition(" = ")[0]
        text, count = re.subn(rf"^#{key} = .*$", line, ini.read_text(), count=1, flags=re.MULTILINE)
        assert count == 1, f"the shipped file has no line for {key}"
        ini.write_text(text)


@pytest.fixture(scope="module")
def host(debs: Debs) -> Iterator[Host]:
    with Sandbox() as box, fresh_root() as root, contextlib.ExitStack() as daemons:
        root.install("mariadb-server", "apache2", "memcached", "nagios-nrpe-server")
        root.install(*debs.some("evenkeel-memcached", "evenkeel-common", "libevenkeel0", "evenkeel-mysql", "evenkeel-apache"))
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        root.run("install", "-d", "-o", "mysql", "/run/mysqld")
        apache, cache, database = (box.free_port() for _ in range(3))
        ports = root / "etc/apache2/ports.conf"
        ports.write_text(ports.read_text().replace("Listen 80\n", f"Listen {apache}\n"))
        for port, command in ((apache, ["sh", "-c", ". /etc/apache2/envvars; mkdir -p $APACHE_RUN_DIR; exec apache2 -DFOREGROUND"]),
                              (cache, ["memcached", "-u", "memcache", "-l", "127.0.0.1", "-p", str(cache)]),
                              (database, ["mariadbd", "--user=mysql", f"--port={database}"])):
            daemons.enter_context(running(root, box, port, *command))
        yield Host(root, {"check_apache_rps": apache, "check_memcached": cache})


@pytest.mark.parametrize("plugin", ["check_apache_rps", "check_memcached"])
def test_green_as_installed(host: Host, plugin: str) -> None:
    answer = host.ask(plugin)
    assert answer.returncode == 0, answer.stdout


def test_a_server_without_replication(host: Host) -> None:
    answer = host.ask("check_mysql_replication")
    assert answer.returncode == 3 and f"file in [check_mysql_replication] of {INI}: /etc/evenkeel/monitor.cnf" in answer.stdout
    assert "evenkeel-grant" in answer.stdout
    host.grant("monitor")
    answer = host.ask("check_mysql_replication")
    assert answer.returncode == 2 and f"not-replica in [check_mysql_replication] of {INI}" in answer.stdout
    host.fill_in("not-replica = ok")
    answer = host.ask("check_mysql_replication")
    assert answer.returncode == 0, answer.stdout


def test_tables_are_asked_for_key_by_key(host: Host) -> None:
    host.grant("sync", "--schema", "shop")
    for missing, line in (("table", "table = shop.*"), ("hostname", "hostname = db1,db2,db3")):
        answer = host.ask("check_table_sync")
        assert answer.returncode == 3, answer.stdout
        assert f" - {missing} in [check_table_sync] of {INI}: name at least " in answer.stdout, answer.stdout
        host.fill_in(line)
    assert "name at least" not in host.ask("check_table_sync").stdout
