"""evenkeel-grant over a network: nobody on the way gets to see the new password."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Pair
from grant_scene import TOOL, GrantScene
from sandbox import KindUnavailable, Sandbox, Server, kinds

SECRET = "s3cret-on-the-way"
MYSQL = "mysql-9.7"


class Tap:
    """Stands between client and server and keeps what the client sends. A server without TLS behind it is the same as
    one whose offer of TLS it had taken out."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sent = b""
        self.listener = socket.create_server((server.host, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection((self.server.host, self.server.port))
                threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, keep: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                if keep:
                    self.sent += chunk
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def tapped(server: Server) -> Iterator[Tap]:
    tap = Tap(server)
    server.sql(["set sql_log_bin=0", "drop user if exists 'admin'@'%'"])
    server.create_user("admin", "word-of-admin", ["all privileges on *.*"])
    server.sql(["set sql_log_bin=0", "grant all privileges on *.* to 'admin'@'%' with grant option"])
    try:
        yield tap
    finally:
        tap.listener.close()
        server.sql(["set sql_log_bin=0", "drop user if exists 'admin'@'%'"])


def over_network(tap: Tap, folder: Path, *options: object) -> subprocess.CompletedProcess[str]:
    admin = folder / "admin.cnf"
    admin.write_text(f"[client]\nuser=admin\npassword=word-of-admin\nhost={tap.server.host}\nport={tap.port}\nprotocol=tcp\n")
    return subprocess.run(["sh", str(TOOL), "monitor", "--file", str(folder / "monitor.cnf"), "--", f"--defaults-file={admin}",
                           *map(str, options)], input=SECRET + "\n", capture_output=True, text=True, check=False)


@pytest.mark.parametrize("options", [[], ["--ssl"], ["--ssl", "--skip-ssl-verify-server-cert"], ["--skip-ssl"]])
def test_without_tls(pair: Pair, tmp_path: Path, options: list[str]) -> None:
    scene = GrantScene(pair, tmp_path)
    scene.forget()
    try:
        with tapped(pair.source) as tap:
            done = over_network(tap, tmp_path, *options)
        assert SECRET.encode() not in tap.sent and tap.sent
        made = bool(pair.source.sql("select user from mysql.user where user='evenkeel_monitor'"))
        if scene.family == "mariadb":  # which is sent a hash
            assert (done.returncode, made) == (0, True), done.stderr
        else:
            assert (done.returncode, made) == (1, False) and not (tmp_path / "monitor.cnf").exists()
            assert "use a Unix socket" in done.stderr and done.stderr.endswith("nothing was changed\n")
    finally:
        scene.forget()


def test_with_tls(box: Sandbox, tmp_path: Path) -> None:
    """MySQL is sent the password where the client has verified the certificate, and not by mere encryption."""
    try:
        kinds.programs(MYSQL)
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    server = box.server("source", kind=MYSQL, tls="good")
    stranger = box.tls.ca.with_name("stranger-ca.pem")
    with tapped(server) as tap:
        for options in ([], ["--ssl"], [f"--ssl-ca={stranger}"]):
            done = over_network(tap, tmp_path, *options)
            assert done.returncode == 1 and done.stderr.endswith("nothing was changed\n"), (options, done)
            assert not server.sql("select user from mysql.user where user='evenkeel_monitor'")
        done = over_network(tap, tmp_path, f"--ssl-ca={box.tls.ca}")
        assert done.returncode == 0 and server.sql("select user from mysql.user where user='evenkeel_monitor'"), done.stderr
        assert SECRET.encode() not in tap.sent


# A client of a server that calls itself MySQL, and that puts what a client says of a Unix socket into its version.
CLIENT = """#!/bin/sh
case "$*" in
  *--version*) echo 'mysql  Ver 9.7.0 for Linux'; exit ;;
  *--ssl-mode=VERIFY_IDENTITY*) exit VERIFIES ;;
esac
input=$(cat)
printf '%s\\n' "$input" >>FOLDER/sent
case $input in
  status) printf '%s\\n' CONNECTION ;;
  *'SHOW GLOBAL VARIABLES'*) printf 'evenkeel:\\nversion\\t9.7.0\\nlower_case_table_names\\t0\\npartial_revokes\\tOFF\\n' ;;
  *) echo evenkeel: ;;
esac
"""
SOCKET = "'Connection:\t\tLocalhost via UNIX socket'"
TCP = "'Connection:\t\t192.0.2.7 via TCP/IP'"


@pytest.mark.parametrize("connection, is_safe", [
    (SOCKET, True), (TCP, False), (f"'Server version:\t9.7' {SOCKET} {TCP}", False), (f"{TCP} {SOCKET}", False), ("''", False),
    ("'ERROR 1064'", False), (f"{SOCKET} {SOCKET}", False), ("'Connection:\t\tvia UNIX socket.example via TCP/IP'", False)])
def test_a_server_that_lies_about_the_connection(tmp_path: Path, connection: str, is_safe: bool) -> None:
    client = tmp_path / "client"
    client.write_text(CLIENT.replace("FOLDER", str(tmp_path)).replace("CONNECTION", connection).replace("VERIFIES", "1"))
    client.chmod(0o755)
    done = subprocess.run(["sh", str(TOOL), "monitor", "--account-only", "--client", str(client)], input=SECRET + "\n",
                          capture_output=True, text=True, check=False)
    sent = (tmp_path / "sent").read_text()
    assert (done.returncode == 0) == is_safe and (SECRET in sent) == is_safe, done.stderr
    assert is_safe or done.stderr.endswith("nothing was changed\n")
