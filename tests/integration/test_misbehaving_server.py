"""Whatever a server does, the plugin answers in time, in bounds, with a state and one clean line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.misbehaving_server import SITUATIONS, MisbehavingServer  # noqa: E402

CHECK = "check_mysql_replication"
PASSWORD = "s3cret-Pa55word"
TIMEOUT = 3
GRACE = 3
MAX_MEMORY = 64 << 10  # KiB
OK, CRITICAL, UNKNOWN = 0, 2, 3
# Who notices first that time is up, the one the thread that asks or the one that waits for it, has words of its own.
TIMED_OUT = "timed out: |: no answer in time"
# To read 200,000 rows takes longer than all else here: on a busy machine the plugin stops at what has come by then.
TOO_LARGE = "larger than 8 MiB|the server sends more than we will read"

# situation: state, words in line 1. Whoever does not answer is CRITICAL; whoever answers nonsense, more
# than we read, or that we may not look, UNKNOWN.
EXPECTED = {
    "refuses": (CRITICAL, "refused"),
    "accepts_and_is_silent": (CRITICAL, TIMED_OUT),
    "closes_at_once": (CRITICAL, "closed the connection"),
    "trickles_the_greeting": (CRITICAL, TIMED_OUT),
    "resets_in_the_greeting": (CRITICAL, "connection"),
    "closes_after_the_greeting": (CRITICAL, "connection"),  # the login may meet a reset
    "resets_in_the_login": (CRITICAL, "connection"),
    "garbage": (UNKNOWN, "no MySQL server answers there"),
    "http_server": (UNKNOWN, 'no MySQL server answers there, but what begins with "HTTP/1.1 400 Bad Request"'),
    "ssh_server": (UNKNOWN, 'no MySQL server answers there, but what begins with "SSH-2.0-OpenSSH_9.2p1 Debian-2"'),
    "too_many_connections": (CRITICAL, 'error 1040 "Too many connections"'),
    "host_blocked": (UNKNOWN, "this host is blocked, error 1129"),
    "host_not_allowed": (UNKNOWN, "this host is not allowed to connect, error 1130"),
    "old_protocol": (UNKNOWN, "another protocol version"),
    "huge_packet_header": (UNKNOWN, "no MySQL server answers there"),
    "endless_greeting": (UNKNOWN, "no MySQL server answers there"),
    "empty_packets": (UNKNOWN, "no MySQL server answers there"),
    "short_greeting": (UNKNOWN, "connecting: "),
    "wrong_auth_plugin": (UNKNOWN, "verified TLS only; use --ssl with --ca-cert, or -s"),
    "plugin_name_with_a_path": (UNKNOWN, "verified TLS only; use --ssl with --ca-cert, or -s"),
    "asks_for_the_password_in_clear": (UNKNOWN, "verified TLS only; use --ssl with --ca-cert, or -s"),
    "asks_for_the_sha2_password": (UNKNOWN, "verified TLS only; use --ssl with --ca-cert, or -s"),
    "endless_auth_switch": (UNKNOWN, "more than we will read: more than 20 packets"),
    "endless_auth_data": (UNKNOWN, "more than we will read: a packet of 16777215 bytes"),
    "says_tls_and_hangs": (CRITICAL, TIMED_OUT),
    "says_tls_and_talks_plain": (CRITICAL, TIMED_OUT),
    "denies_the_login": (UNKNOWN, "access denied, error 1045"),
    "rude_error_text": (UNKNOWN, "access denied, error 1045"),
    "hangs": (CRITICAL, TIMED_OUT),
    "closes": (CRITICAL, "closed the connection"),
    "resets": (CRITICAL, "connection"),
    "resets_in_the_result": (CRITICAL, "connection"),
    "closes_in_the_result": (CRITICAL, "closed the connection"),
    "trickles_the_result": (CRITICAL, TIMED_OUT),
    "fails_in_the_result": (UNKNOWN, "error 1317"),
    "huge_row": (UNKNOWN, "more than we will read"),
    "giant_row": (UNKNOWN, "more than we will read"),
    "endless_rows": (UNKNOWN, "larger than 8 MiB"),
    "endless_short_rows": (UNKNOWN, TOO_LARGE),
    "endless_null_rows": (UNKNOWN, "larger than 8 MiB"),
    "endless_columns": (UNKNOWN, "more than we will read"),
    "more_columns_than_announced": (UNKNOWN, "makes no sense"),
    "fewer_columns_than_announced": (UNKNOWN, "makes no sense"),
    "huge_column_count": (UNKNOWN, "makes no sense"),
    "short_row": (UNKNOWN, "makes no sense"),
    "short_column": (UNKNOWN, "makes no sense"),
    "garbage_result": (CRITICAL, TIMED_OUT),
    "asks_for_local_infile": (UNKNOWN, "makes no sense"),
    "ok_for_every_query": (UNKNOWN, "makes no sense"),
    "more_results_without_end": (UNKNOWN, "makes no sense"),
    "endless_progress_reports": (UNKNOWN, "more than we will read"),
    "rude_query_error": (UNKNOWN, ""),
    "rude_values": (CRITICAL, ""),
    "stopped_with_an_error": (CRITICAL, "SQL thread stopped, error 1105 \"something is wrong\""),
    "fails_with_an_error": (UNKNOWN, "error 1105 \"something is wrong\""),
    "names_its_source": (OK, "replicating from"),
    "endless_rows_at_setup": (UNKNOWN, "makes no sense"),
    "endless_columns_at_setup": (UNKNOWN, "more than we will read"),
    "huge_row_at_setup": (UNKNOWN, "makes no sense"),
    "asks_for_local_infile_at_setup": (UNKNOWN, "makes no sense"),
    "hangs_at_setup": (CRITICAL, TIMED_OUT),
}

# A process starts out with the peak of the one that started it, so a small one has to start the plugin.
LAUNCHER = """
import json, os, sys, time
began = time.monotonic()
pid = os.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
seconds = time.monotonic() - began
json.dump({"status": status, "memory": usage.ru_maxrss, "seconds": seconds}, open(sys.argv[1], "w"))
"""


class Run(NamedTuple):
    code: int
    stdout: str
    stderr: str
    seconds: float
    memory: int


def run(plugin, tmp_path, port, *more):
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    measured = tmp_path / "measured.json"
    process = subprocess.run(
        ["/usr/bin/python3", "-S", "-E", "-c", LAUNCHER, measured, plugin.path(CHECK), "-H", f"127.0.0.1:{port}",
         "-u", "nagios", "--password-file", secret, "-t", str(TIMEOUT), *more],
        env=plugin.environment(), capture_output=True, timeout=60)
    usage = json.loads(measured.read_text())
    assert usage["status"] & 0x7F == 0, f"ended by signal {usage['status'] & 0x7F}"
    # Strict: text that is no UTF-8 is a failure.
    return Run(usage["status"] >> 8, process.stdout.decode(), process.stderr.decode(), usage["seconds"],
               usage["memory"])


def check_manners(answer, server):
    assert answer.code in (0, 1, 2, 3)
    assert answer.stderr == ""
    assert answer.seconds < TIMEOUT + GRACE
    assert answer.memory < MAX_MEMORY
    assert answer.stdout.endswith("\n")
    first, *rest = answer.stdout.rstrip("\n").split("\n")
    state = ("OK", "WARNING", "CRITICAL", "UNKNOWN")[answer.code]
    assert first.startswith(f"MYSQL_REPLICATION {state} - ")
    assert first.count("|") <= 1
    assert not any("MYSQL_REPLICATION" in line[:20] for line in rest)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", answer.stdout)
    assert PASSWORD not in answer.stdout
    assert not any(PASSWORD.encode() in login for login in server.logins)
    assert not any(server.files), "the server got a file of ours"


def test_every_situation_has_an_expectation():
    assert set(EXPECTED) == set(SITUATIONS)


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_plain(plugin, tmp_path, situation):
    state, words = EXPECTED[situation]
    with MisbehavingServer(situation) as server:
        answer = run(plugin, tmp_path, server.port)
        check_manners(answer, server)
        assert answer.code == state, answer.stdout
        line1 = answer.stdout.split("\n")[0]
        assert re.search(words, line1) if words in (TIMED_OUT, TOO_LARGE) else words in line1


@pytest.mark.parametrize("insecure", [[], ["--insecure"]], ids=["verified", "insecure"])
@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_tls_asked_for(plugin, tmp_path, situation, insecure):
    """Not one of them has TLS, so none sees more of us than its own greeting, and none is fine."""
    with MisbehavingServer(situation) as server:
        answer = run(plugin, tmp_path, server.port, "--ssl", *insecure)
        check_manners(answer, server)
        assert answer.code in (CRITICAL, UNKNOWN)
        assert server.queries == []
        assert not any(b"nagios" in login for login in server.logins), "logged in without TLS"


@pytest.mark.parametrize("situation", ["closes_after_the_greeting", "hangs", "huge_row"])
@pytest.mark.parametrize("more", [["-vvv"], ["--output", "json"]], ids=["vvv", "json"])
def test_no_secret_in_any_output(plugin, tmp_path, situation, more):
    with MisbehavingServer(situation) as server:
        answer = run(plugin, tmp_path, server.port, *more)
        assert PASSWORD not in answer.stdout + answer.stderr


def test_one_that_hangs_does_not_hide_the_others(plugin, tmp_path):
    with MisbehavingServer("hangs") as hanging, MisbehavingServer("too_many_connections") as full:
        answer = run(plugin, tmp_path, hanging.port, "-H", f"127.0.0.1:{full.port}")
        assert answer.code == CRITICAL
        assert "Too many connections" in answer.stdout
        assert "timed out: reading MariaDB's replication status" in answer.stdout
        assert answer.seconds < TIMEOUT + GRACE


def test_the_state_of_a_time_out_can_be_chosen(plugin, tmp_path):
    with MisbehavingServer("accepts_and_is_silent") as server:
        answer = plugin(CHECK, "-H", f"127.0.0.1:{server.port}", "-t", "1:unknown")
        assert answer.code == UNKNOWN
        assert "timed out" in answer.line1
