"""check_apache_rps: one request, whichever it is, is not answered, or not as it should be."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Answer, PluginRunner
from each_request import Attempt, attempts, check_manners, never_alerting, position, timed_out
from fakes.failing_proxy import CLOSE, HANG, HTTP, RESET, cut, instead
from sandbox import Sandbox
from sandbox.apache import Apache

CHECK = "check_apache_rps"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
SAMPLES, WITNESSES = 2, 4

CUT = [cut(1), cut(20), cut(200), cut(-1)]


def page(status: str, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n{more}\r\n".encode()


FAILS = [instead(page("500 Internal Server Error"), "500"), instead(page("503 Service Unavailable"), "503")]
ODD = [instead(page("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"\r\n'), "401"),
       instead(page("302 Found", "Location: http://127.0.0.1:1/nowhere?token=geheim\r\n"), "302"),
       instead(page("200 OK"), "empty")]
FAULTS = [HANG, CLOSE, RESET, *CUT, *FAILS, *ODD]
WORDS = {"500": "HTTP 500", "503": "HTTP 503", "401": "HTTP 401", "302": "HTTP 302", "empty": "the page is empty"}

RATES = ["rps", "bytes_per_second"]
GAUGES = ["busy_workers", "idle_workers", "open_slots", "busy_percent", "uptime"]

SECRET = """
<Location /secret>
  SetHandler server-status
  AuthType Basic
  AuthName x
  AuthUserFile FOLDER/users
  Require valid-user
</Location>
Redirect 302 /moved /server-status?auto
# With few workers Apache closes connections that it might keep.
StartServers 4
ThreadsPerChild 16
MaxRequestWorkers 64
MinSpareThreads 32
MaxSpareThreads 64
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="module")
def farm(servers: Sandbox) -> list[Apache]:
    password = subprocess.run(["openssl", "passwd", "-apr1", "Pa55w0rd"], capture_output=True, text=True, check=True)
    made = [Apache(servers, f"apache{number}", more=SECRET) for number in range(3)]
    (made[0].folder / "users").write_text(f"monitor:{password.stdout}")
    return made


def met_a_witness(attempt: Attempt) -> bool:
    """They are asked for once there are two samples, of which a slow machine may need a third."""
    asked = re.search(f"^{attempt.proxy.address}: GET .* new connections at once", attempt.answer.stdout, re.MULTILINE)
    return attempt.at > SAMPLES and asked is not None


def is_sent_again(attempt: Attempt) -> bool:
    """A connection that was kept may have been closed when the request was under way; a new one is tried then."""
    return attempt.at > 1 and attempt.fault in (CLOSE, RESET, CUT[0]) and attempt.answer.code == OK


def check_failure(attempt: Attempt) -> None:
    answer = attempt.answer
    assert attempt.proxy.address in answer.line1, attempt
    assert "rps" not in answer.perfdata, attempt
    if attempt.fault in CUT:
        # Before there is a line of it, there is no answer.
        assert answer.code == (CRITICAL if attempt.fault is CUT[0] else UNKNOWN), attempt
        words = "closed the connection without an answer" if attempt.fault is CUT[0] else "the answer is cut short"
        assert f"GET /server-status: {words}" in answer.line1 or f"GET /server-status: the server {words}" in answer.line1, attempt
        return
    assert answer.code == (UNKNOWN if attempt.fault in ODD else CRITICAL), attempt
    if attempt.fault is HANG:
        assert timed_out(attempt, "GET /server-status"), attempt
        return
    assert WORDS.get(attempt.fault.name, "connection") in answer.line1 and "geheim" not in answer.stdout, attempt


def check_rate(attempt: Attempt, *labels: str) -> None:
    assert attempt.answer.code == OK and {"rps", *labels} <= set(attempt.answer.perfdata), attempt
    assert attempt.answer.perfdata["rps"].value >= 0, attempt


def check(attempt: Attempt, *labels: str) -> None:
    check_manners(attempt, "APACHE_RPS")
    if met_a_witness(attempt) or is_sent_again(attempt):
        check_rate(attempt, *labels)
    else:
        check_failure(attempt)


@pytest.mark.parametrize("more", [[], ["--no-state"], never_alerting(RATES + GAUGES)], ids=["default", "no-state", "thresholds"])
def test_a_first_run(plugin: PluginRunner, farm: list[Apache], more: list[str]) -> None:
    def ask(address: str, timeout: float) -> Answer:
        return plugin(CHECK, "-H", address, "-t", timeout, "-i", "0.1", "-vvv", *more)

    with attempts(farm[0].port, HTTP, ask, FAULTS) as found:
        assert set(range(1, SAMPLES + WITNESSES + 1)) <= {attempt.at for attempt in found}
        assert {attempt.fault for attempt in found if met_a_witness(attempt)} == set(FAULTS)
        for attempt in found:
            check(attempt, *(RATES + GAUGES if more else []))


def test_a_second_run(plugin: PluginRunner, farm: list[Apache]) -> None:
    """Which needs one sample."""
    def ask(address: str, timeout: float) -> Answer:
        return plugin(CHECK, "-H", address, "-t", timeout, *never_alerting(RATES + GAUGES))

    with attempts(farm[0].port, HTTP, ask, FAULTS, second_run=True) as found:
        assert {attempt.at for attempt in found} == {1}
        for attempt in found:
            check_manners(attempt, "APACHE_RPS")
            check_failure(attempt)


def test_one_of_a_farm(plugin: PluginRunner, farm: list[Apache]) -> None:
    others = [apache.address for apache in farm[1:]]

    def ask(address: str, timeout: float) -> Answer:
        hosts = [*others[:position(address)], address, *others[position(address):]]
        return plugin(CHECK, "-H", ",".join(hosts), "-t", timeout, "-i", "0.1", "--no-state", "-c", "rps_total=~:1e15", "-vvv")

    with attempts(farm[0].port, HTTP, ask, FAULTS) as found:
        for attempt in found:
            check_manners(attempt, "APACHE_RPS")
            answer = attempt.answer
            for other in others:
                assert f"[OK] {other}: " in answer.stdout and f"rps@{other}" in answer.perfdata, attempt
            if met_a_witness(attempt) or is_sent_again(attempt):
                assert answer.code == OK and {"rps_total", f"rps@{attempt.proxy.address}"} <= set(answer.perfdata), attempt
            else:
                check_failure(attempt)
                assert "rps_total" not in answer.perfdata, attempt


@pytest.mark.parametrize("mode", ["auth", "moved"])
def test_pages_that_take_two_requests(plugin: PluginRunner, farm: list[Apache], tmp_path: Path, mode: str) -> None:
    """One that wants a password is asked without it first, and then with it."""
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    more = {"auth": ["-u", "/secret?auto", "--auth-file", file], "moved": ["-u", "/moved", "--follow-redirects"]}[mode]

    def ask(address: str, timeout: float) -> Answer:
        return plugin(CHECK, "-H", address, "-t", timeout, "-i", "0.1", "-vvv", *more)

    with attempts(farm[0].port, HTTP, ask, FAULTS) as found:
        assert {attempt.fault for attempt in found if met_a_witness(attempt)} == set(FAULTS)
        for attempt in found:
            check_manners(attempt, "APACHE_RPS")
            leads_on = b" /moved" in attempt.failed or (mode == "auth" and b"Authorization" not in attempt.failed)
            beside = leads_on and attempt.fault in CUT[-2:]  # what a page says that leads on does not matter
            asks = mode == "auth" and leads_on and attempt.fault.name == "401"
            if asks or met_a_witness(attempt):
                check_rate(attempt)
            elif attempt.answer.code == OK:
                assert beside or is_sent_again(attempt), f"{attempt} {attempt.proxy.requests}"
                check_rate(attempt)
            else:
                assert attempt.proxy.address in attempt.answer.line1 and "rps" not in attempt.answer.perfdata, attempt
                assert "connecting: " not in attempt.answer.line1 and "another server" not in attempt.answer.line1, attempt
