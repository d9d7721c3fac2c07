"""Nothing but a host is read from a host, and what protects a login does not depend on the surroundings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import mount_namespace  # noqa: E402
from conftest import SANITIZED  # noqa: E402
from fakes.misbehaving_server import MisbehavingServer  # noqa: E402

CHECK = "check_mysql_replication"
PASSWORD = "s3cret-Pa55word"
CRITICAL, UNKNOWN = 2, 3

# The client library reads each of these as options; the port is put in.
CONNECTION_STRINGS = ["host=127.0.0.1", "x;host=127.0.0.1", "x;host=127.0.0.1;port={port}",
                      "host=127.0.0.1;plugin-dir=/tmp", "x;host=127.0.0.1;ssl-verify-server-cert=0", "db1,127.0.0.1"]


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    return file


@pytest.fixture
def trap():
    """Where such a host would lead. Nobody must come."""
    with MisbehavingServer("too_many_connections") as server:
        yield server
        assert not server.met_anyone


@pytest.mark.parametrize("host", CONNECTION_STRINGS)
@pytest.mark.parametrize("option", ["-H", "--source", "my.cnf", "my.cnf among others"])
def test_options_of_ours(plugin, tmp_path, trap, option, host):
    host = host.format(port=trap.port)
    file = tmp_path / "my.cnf"
    file.write_text(f'[client]\nhost="{host}"\nport={trap.port}\n')
    other = tmp_path / "other.cnf"
    other.write_text("[client]\nhost=127.0.0.1\nport=1\n")
    # A comma is ours on the command line: it separates hosts.
    typed = host.replace(",", "%2C") if option == "-H" else host
    words = {"-H": ["-H", typed, "-P", trap.port], "--source": ["-H", "127.0.0.1:1", "--source", typed],
             "my.cnf": ["-f", file], "my.cnf among others": ["-f", file, "-f", other]}[option]
    answer = plugin(CHECK, *words, "-t", "3")
    assert answer.code == (CRITICAL if "others" in option else UNKNOWN), answer.stdout
    assert "not a host name or address" in answer.stdout
    assert ("my: " if "others" in option else "") in answer.stdout


@pytest.mark.parametrize("host", [*CONNECTION_STRINGS, "", "127.0.0.1\0", "[127.0.0.1]", "127.0.0.1/x", "a:b:c"])
def test_a_source_that_a_server_names(plugin, secret, trap, host):
    with MisbehavingServer("names_its_source") as replica:
        replica.source_host = host.format(port=trap.port).encode()
        replica.source_port = trap.port
        answer = plugin(CHECK, "-H", f"127.0.0.1:{replica.port}", "--source", "auto", "-u", "nagios",
                        "--password-file", secret, "-t", "3")
        assert "not a host name or address" in answer.stdout
        assert PASSWORD not in answer.stdout


def test_a_source_of_an_honest_name_is_asked(plugin, secret):
    with MisbehavingServer("names_its_source") as replica, MisbehavingServer("too_many_connections") as source:
        replica.source_host = b"127.0.0.1"
        replica.source_port = source.port
        answer = plugin(CHECK, "-H", f"127.0.0.1:{replica.port}", "--source", "auto", "-u", "nagios", "-t", "3")
        assert source.met_anyone
        assert "Too many connections" in answer.stdout


# AddressSanitizer needs /proc itself: without it, it knows neither the stack's bounds nor its own options.
if not SANITIZED:
    @pytest.mark.parametrize("situation, words", [
        ("asks_for_the_password_in_clear", "verified TLS only"),
        ("giant_row", "more than we will read"),
    ])
    def test_without_proc_logins_and_packets_are_bounded_all_the_same(plugin, secret, situation, words):
        with MisbehavingServer(situation) as server:
            command = [plugin.path(CHECK), "-H", f"127.0.0.1:{server.port}", "-u", "nagios",
                       "--password-file", secret, "-t", "3"]
            answer = mount_namespace.run("mount -t tmpfs none /proc", command, plugin.environment())
            assert answer.returncode == UNKNOWN, answer.stdout + answer.stderr
            assert words in answer.stdout
            assert not any(PASSWORD.encode() in login for login in server.logins)


def test_with_hardly_a_descriptor_no_login_is_in_clear(plugin, secret):
    """A file of options that cannot be opened would be options that do not hold."""
    with MisbehavingServer("asks_for_the_password_in_clear") as server:
        targets = ",".join([f"127.0.0.1:{server.port}"] + [f"127.0.0.{n}:{server.port}" for n in range(2, 40)])
        answer = subprocess.run(["prlimit", "--nofile=12:12", plugin.path(CHECK), "-H", targets, "-u", "nagios",
                                 "--password-file", secret, "-t", "5"], env=plugin.environment(),
                                capture_output=True, text=True, timeout=60)
        # UBSan looks at memory through a pipe: without descriptors it sees errors that are not there.
        if not SANITIZED:
            assert answer.returncode in (CRITICAL, UNKNOWN)
        assert not any(PASSWORD.encode() in login for login in server.logins)


def test_the_library_reads_no_option_file_and_no_password_of_its_own(plugin, tmp_path):
    (tmp_path / ".my.cnf").write_text("[client]\nuser=intruder\npassword=x\n[client-server]\nuser=intruder\n")
    surroundings = {"HOME": str(tmp_path), "MYSQL_HOME": str(tmp_path), "MARIADB_HOME": str(tmp_path),
                    "MYSQL_PWD": PASSWORD, "USER": "nagios"}
    with MisbehavingServer("hangs") as server:
        for words in (["-u", "nagios"], ["-u", "nagios", "-p", ""], []):
            plugin(CHECK, "-H", f"127.0.0.1:{server.port}", "-t", "1", *words, env=surroundings)
        assert len(server.logins) == 3
        for login in server.logins:
            assert b"intruder" not in login
            # Capabilities, packet limit, character set, filler; the user; how long the proof of a password is.
            user, rest = login[32:].split(b"\0", 1)
            assert rest[0] == 0, f"{user!r} brought a password"
