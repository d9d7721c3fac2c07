"""check_apache_rps on real Apaches of each MPM, on servers that misbehave, and on many at once."""

from __future__ import annotations

import concurrent.futures
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import SANITIZED, SOAK, Answer, PluginRunner
from fakes.late_servers import LateHttp
from fakes.misbehaving_http import SITUATIONS, misbehaving
from sandbox import Sandbox
from sandbox.apache import Apache

CHECK = "check_apache_rps"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
TIMEOUT = 3
GRACE = 2


def check(plugin: PluginRunner, *arguments: object, **options: object) -> Answer:
    answer = plugin(CHECK, *arguments, **options)
    assert answer.stderr == ""
    assert answer.code in range(4)
    assert answer.stdout.startswith(f"APACHE_RPS {('OK', 'WARNING', 'CRITICAL', 'UNKNOWN')[answer.code]} - ")
    return answer


@pytest.fixture(scope="module")
def servers() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="module", params=["event", "prefork"])
def apache(request: pytest.FixtureRequest, servers: Sandbox) -> Apache:
    return Apache(servers, f"apache-{request.param}", mpm=request.param)


# the rate


def test_the_rate_is_that_between_two_runs(plugin: PluginRunner, apache: Apache) -> None:
    check(plugin, "-H", apache.address)
    began = time.monotonic()
    apache.requests(200)
    while time.monotonic() < began + 1.1:
        time.sleep(0.01)
    answer = check(plugin, "-H", apache.address)
    assert answer.code == OK
    assert answer.seconds < 1, "a stored sample is at hand: nothing to wait for"
    elapsed = time.monotonic() - began
    # Between the samples is a little more or less than what we measured.
    assert 200 / (elapsed + 1.5) < answer.perfdata["rps"].value < 200 / (elapsed - 0.9)


def test_without_a_stored_sample_two_are_taken(plugin: PluginRunner, apache: Apache) -> None:
    for more in ([], ["--no-state"], ["--no-state"]):
        answer = check(plugin, "-H", apache.address, "--interval", "0.3", *more)
        assert answer.code == OK and answer.seconds >= 0.3
        assert answer.perfdata["rps"].value == 0, "our own requests are no traffic"


def test_own_requests_of_earlier_runs_are_not_counted(plugin: PluginRunner, apache: Apache) -> None:
    for _ in range(8):
        assert check(plugin, "-H", apache.address, "--interval", "0.2").perfdata["rps"].value == 0


@pytest.mark.parametrize(("arguments", "words"), [
    (["-t", "2", "-i", "3"], "--interval: two samples 3 s apart do not fit into --timeout"),
    (["-t", "0.02"], "--timeout: too short for two samples"),
])
def test_two_samples_need_their_time(plugin: PluginRunner, arguments: list[str], words: str) -> None:
    answer = check(plugin, "-H", "127.0.0.1:1", *arguments)
    assert answer.code == UNKNOWN and words in answer.line1


def test_runs_close_together_have_a_rate(plugin: PluginRunner, apache: Apache) -> None:
    check(plugin, "-H", apache.address)
    for _ in range(10):
        answer = check(plugin, "-H", apache.address)
        assert answer.code == OK and "rps" in answer.perfdata


@pytest.mark.parametrize("threshold, code", [("5:", CRITICAL), ("~:1", OK), ("1:400", CRITICAL)])
def test_too_few_requests(plugin: PluginRunner, apache: Apache, threshold: str, code: int) -> None:
    answer = check(plugin, "-H", apache.address, "-c", threshold, "--interval", "0.2")
    assert answer.code == code


def test_a_restart_is_noticed(plugin: PluginRunner, apache: Apache) -> None:
    apache.requests(100)
    check(plugin, "-H", apache.address)
    # Its clock counts whole seconds.
    began = apache.status("RestartTime")
    Sandbox.wait_until(lambda: apache.status("ServerUptimeSeconds") not in ("", "0"), 5)
    apache.restart()
    assert apache.status("RestartTime") != began
    answer = check(plugin, "-H", apache.address, "--interval", "0.3")
    assert answer.code == OK
    assert "; restarted " in answer.line1
    assert answer.perfdata["rps"].value == 0
    assert "restarted" not in check(plugin, "-H", apache.address, "--interval", "0.3").line1


def test_a_graceful_restart_is_none(plugin: PluginRunner, apache: Apache) -> None:
    check(plugin, "-H", apache.address, "--interval", "0.3")
    apache.requests(50)
    apache.graceful()
    answer = check(plugin, "-H", apache.address, "--interval", "0.01")
    assert answer.code == OK and "restarted" not in answer.line1 and "fell" not in answer.line1
    assert answer.perfdata["rps"].value > 0


def test_facts_and_worker_metrics(plugin: PluginRunner, apache: Apache) -> None:
    told = json.loads(plugin(CHECK, "-H", apache.address, "--output", "json", "-i", "0.1").stdout)
    assert told["facts"]["mpm"] == apache.mpm
    assert told["facts"]["server_version"].startswith("Apache/2.4")
    assert "local clock" in told["facts"]["rate_over"]
    values = {metric["name"]: metric["value"] for metric in told["metrics"]}
    assert values["busy_workers"] + values["idle_workers"] + values["open_slots"] == 16
    assert values["busy_workers"] >= 1


def test_busy_workers(plugin: PluginRunner, servers: Sandbox, apache: Apache) -> None:
    half = b"GET / HTTP/1.1\r\n"
    lines = [socket.create_connection((apache.host, apache.port)) for _ in range(3)]
    try:
        for line in lines:
            line.sendall(half)
        Sandbox.wait_until(lambda: apache.status("Scoreboard").count("R") >= 3, 10)
        answer = check(plugin, "-H", apache.address, "-i", "0.1")
        assert answer.perfdata["busy_workers"].value >= 4, "three that are read from, and ours"
    finally:
        for line in lines:
            line.close()


# what stands in the way

LIMITED = """
<Location /private>
  SetHandler server-status
  Require ip 192.0.2.1
</Location>
<Location /secret>
  SetHandler server-status
  AuthType Basic
  AuthName x
  AuthUserFile FOLDER/users
  Require valid-user
</Location>
<Location /named>
  SetHandler server-status
  Require expr "%{HTTP_HOST} =~ /^web.example/ && %{HTTP:X-Token} == 'sesame'"
</Location>
<Location /page>
  SetHandler server-status
  Redirect /page /login?token=geheim
</Location>
Redirect 503 /down
Redirect 302 /moved /server-status?auto
Header set Content-Encoding gzip "expr=%{REQUEST_URI} == '/zipped'"
Alias /zipped FOLDER/www/index.html
CustomLog FOLDER/access.log "%>s %r"
"""


@pytest.fixture(scope="module")
def limited(servers: Sandbox) -> Apache:
    apache = Apache(servers, "limited", more=LIMITED)
    password = subprocess.run(["openssl", "passwd", "-apr1", "Pa55w0rd"], capture_output=True, text=True, check=True)
    (apache.folder / "users").write_text(f"monitor:{password.stdout}")
    return apache


@pytest.mark.parametrize("url, code, words", [
    ("/server-status", OK, "requests/s"),
    ("/server-status?refresh=5", OK, "requests/s"),
    ("/nothing", UNKNOWN, "/nothing: HTTP 404, no such page; is mod_status loaded"),
    ("/private", UNKNOWN, "/private: HTTP 403"),
    ("/secret", UNKNOWN, "/secret: HTTP 401, it wants a user and password; see --auth-file"),
    ("/page", UNKNOWN, "/page: HTTP 302, a redirect to"),
    ("/down", CRITICAL, "/down: HTTP 503, the server fails"),
    ("/moved", UNKNOWN, "/moved: HTTP 302, a redirect to"),
    ("/index.html", UNKNOWN, "/index.html: the page is not mod_status' plain text"),
    ("/zipped", UNKNOWN, "Content-Encoding gzip"),
])
def test_pages_that_are_none(plugin: PluginRunner, limited: Apache, url: str, code: int, words: str) -> None:
    answer = check(plugin, "-H", limited.address, "-u", url, "-i", "0.1")
    assert answer.code == code and words in answer.line1
    assert "geheim" not in answer.stdout


def test_basic_authentication_from_a_file(plugin: PluginRunner, limited: Apache, tmp_path: Path) -> None:
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    arguments = ["-H", limited.address, "-u", "/secret", "-i", "0.1", "--auth-file", file, "-vvv"]
    answer = check(plugin, *arguments)
    assert answer.code == OK and "Pa55w0rd" not in answer.stdout
    file.write_text("monitor:wr0ng\n")
    answer = check(plugin, *arguments)
    assert answer.code == UNKNOWN and "HTTP 401, the server refuses the user or password" in answer.line1
    assert "wr0ng" not in answer.stdout
    file.chmod(0o666)
    answer = check(plugin, *arguments)
    assert answer.code == UNKNOWN and "world-writable" in answer.line1


def test_own_requests_that_failed_are_not_counted(plugin: PluginRunner, limited: Apache, tmp_path: Path) -> None:
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    arguments = ["-H", limited.address, "-u", "/secret", "-i", "0.1"]
    assert check(plugin, *arguments, "--auth-file", file).code == OK

    def refused() -> int:
        return (limited.folder / "access.log").read_text().count("401 GET /secret")

    before = refused()
    for failed in range(1, 6):
        assert check(plugin, *arguments).code == UNKNOWN
        # Apache counts a request just after it has logged it, which may be after we have its answer.
        Sandbox.wait_until(lambda n=failed: refused() == before + n, 10)
    assert check(plugin, *arguments, "--auth-file", file).perfdata["rps"].value == 0


def test_no_request_is_sent_twice(plugin: PluginRunner, limited: Apache, tmp_path: Path) -> None:
    """Those that ask whether one server answers are sent two at once, each of them first without the password."""
    file, log = tmp_path / "auth", limited.folder / "access.log"
    file.write_text("monitor:Pa55w0rd\n")

    def answers(status: str) -> int:
        return sum(line.startswith(status) for line in log.read_text().splitlines())

    for _ in range(25):
        log.write_text("")
        assert check(plugin, "-H", limited.address, "-u", "/secret", "-i", "0.05", "--auth-file", file, "--no-state").code == OK
        # The second sample goes over the first one's connection, and all the others over connections of their own.
        Sandbox.wait_until(lambda: answers("200") > answers("401"), 10)
        assert answers("200") == answers("401") + 1, log.read_text()


def test_a_name_and_an_address_and_a_header(plugin: PluginRunner, limited: Apache) -> None:
    arguments = ["-H", "web.example", "-p", limited.port, "-I", "127.0.0.1", "-u", "/named", "-i", "0.1"]
    assert check(plugin, *arguments, "--header", "X-Token: sesame").code == OK
    answer = check(plugin, *arguments)
    assert answer.code == UNKNOWN and "HTTP 403" in answer.line1


def test_redirects_are_followed_when_asked(plugin: PluginRunner, limited: Apache) -> None:
    answer = check(plugin, "-H", limited.address, "-u", "/moved", "-i", "0.1", "--follow-redirects")
    assert answer.code == OK and answer.perfdata["rps"].value == 0


def test_no_proxy_from_the_environment(plugin: PluginRunner, limited: Apache) -> None:
    proxy = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"}
    arguments = ["-H", limited.address, "-i", "0.1"]
    assert check(plugin, *arguments, env=proxy).code == OK
    answer = check(plugin, *arguments, "--proxy", "env", env=proxy)
    assert answer.code == CRITICAL and "127.0.0.1 port 1 " in answer.line1


@pytest.mark.parametrize("proxy", ["http://joe:geheim@x:y:z", "gopher://joe:geheim@x", "http://joe:geheim@[::1",
                                   "joe:geheim@127.0.0.1:99999999"])
def test_a_proxy_that_is_none_keeps_its_password(plugin: PluginRunner, limited: Apache, proxy: str) -> None:
    answer = check(plugin, "-H", limited.address, "--proxy", "env", "-vvv",
                   env={"http_proxy": proxy})
    assert answer.code == UNKNOWN and "the URL of the proxy is not one" in answer.line1
    assert "geheim" not in answer.stdout


def test_extended_status_off(plugin: PluginRunner, servers: Sandbox) -> None:
    apache = Apache(servers, "terse", extended=False)
    answer = check(plugin, "-H", apache.address)
    assert answer.code == UNKNOWN and "ExtendedStatus is Off" in answer.line1
    assert "rps" not in answer.perfdata and answer.perfdata["busy_workers"].value >= 1


def test_other_modules_blocks(plugin: PluginRunner, servers: Sandbox) -> None:
    more = ("<Proxy balancer://pool>\nBalancerMember http://127.0.0.1:9\n</Proxy>\nProxyPass /app balancer://pool\n"
            "ProxyStatus On\n")
    modules = ["proxy", "proxy_balancer", "proxy_http", "slotmem_shm", "lbmethod_byrequests"]
    apache = Apache(servers, "balancer", modules=modules, more=more)
    answer = check(plugin, "-H", apache.address, "-i", "0.1")
    assert answer.code == OK and answer.perfdata["idle_workers"].value > 0


# TLS


@pytest.mark.parametrize("certificate, more, code, words", [
    ("good", [], OK, "requests/s"),
    ("expired", [], CRITICAL, "expired"),
    ("wrong-name", [], CRITICAL, "TLS"),
    ("other-ca", [], CRITICAL, "TLS"),
    ("expired", ["--insecure"], OK, "requests/s"),
])
def test_certificates(plugin: PluginRunner, servers: Sandbox, certificate: str, more: list[str], code: int,
                      words: str) -> None:
    name = f"tls-{certificate}{len(more)}"
    apache = Apache(servers, name, tls=certificate)
    trusted = [] if more else ["--ca-cert", servers.tls.ca]
    answer = check(plugin, "-S", "-H", f"localhost:{apache.port}", "-I", "127.0.0.1", "-i", "0.1", *trusted, *more)
    assert answer.code == code and words in answer.line1, answer.stdout


def test_the_system_does_not_trust_the_sandbox(plugin: PluginRunner, servers: Sandbox) -> None:
    apache = Apache(servers, "tls-untrusted", tls="good")
    answer = check(plugin, "-S", "-H", f"localhost:{apache.port}", "-I", "127.0.0.1")
    assert answer.code == CRITICAL and "certificate" in answer.line1
    plain = check(plugin, "-H", apache.address)
    assert plain.code == UNKNOWN and "HTTP 400" in plain.line1 and "--ssl" in plain.line1
    missing = check(plugin, "-S", "-H", apache.address, "--ca-cert", "/nonexistent.pem")
    assert missing.code == UNKNOWN


def test_tls_where_there_is_none(plugin: PluginRunner, limited: Apache) -> None:
    answer = check(plugin, "-S", "-H", limited.address)
    assert answer.code == CRITICAL and "does not speak TLS" in answer.line1


def test_http2(plugin: PluginRunner, servers: Sandbox) -> None:
    apache = Apache(servers, "http2", tls="good", http2=True)
    answer = plugin(CHECK, "-S", "-H", f"localhost:{apache.port}", "-I", "127.0.0.1", "-i", "0.1", "--ca-cert",
                    servers.tls.ca, "--output", "json")
    assert answer.code == OK and json.loads(answer.stdout)["facts"]["http_version"] == "1.1", \
        "mod_status does not count all requests of HTTP/2"


# servers that misbehave

EXPECTED = {
    "refuses": (CRITICAL, "connection refused"),
    "silent": (CRITICAL, "timed out"),
    "closes": (CRITICAL, "closed the connection without an answer"),
    "resets": (CRITICAL, "the connection was lost"),
    "trickles_the_header": (CRITICAL, "timed out"),
    "trickles_the_body": (CRITICAL, "timed out"),
    "endless_body": (UNKNOWN, "no scoreboard in its first 8 KiB"),
    "endless_chunks": (UNKNOWN, "the page is not mod_status' plain text"),
    "endless_header": (UNKNOWN, "header is larger than 64 KiB"),
    "endless_header_line": (UNKNOWN, ""),
    "endless_interim_answers": (UNKNOWN, "header is larger than 64 KiB"),
    "cut_by_length": (UNKNOWN, "cut short"),
    "cut_without_length": (UNKNOWN, "cut short"),
    "cut_chunk": (UNKNOWN, "cut short"),
    "reset_in_the_body": (CRITICAL, "the connection was lost"),
    "empty_body": (UNKNOWN, "the page is empty"),
    "html": (UNKNOWN, "an HTML page"),
    "not_http": (UNKNOWN, "does not speak HTTP"),
    "http_09": (UNKNOWN, "does not speak HTTP"),
    "garbage": (UNKNOWN, "does not speak HTTP"),
    "bad_status_line": (UNKNOWN, ""),
    "negative_length": (UNKNOWN, ""),
    "huge_length": (UNKNOWN, ""),
    "bad_chunk_size": (UNKNOWN, ""),
    "gzip_not_asked_for": (UNKNOWN, "Content-Encoding gzip"),
    "status_404": (UNKNOWN, "HTTP 404"),
    "status_403": (UNKNOWN, "HTTP 403"),
    "status_401": (UNKNOWN, "HTTP 401"),
    "status_500": (CRITICAL, "HTTP 500"),
    "status_503": (CRITICAL, "HTTP 503"),
    "status_999": (UNKNOWN, "the answer's status \"999\" is none of HTTP's"),
    "redirect_to_a_login_page": (UNKNOWN, "a redirect to http://127.0.0.1:1/login instead"),
    "redirect_to_a_file": (UNKNOWN, "HTTP 302"),
    "redirects_to_itself": (UNKNOWN, "HTTP 302"),
    "rude_location": (UNKNOWN, "HTTP 302"),
    "rude_version": (UNKNOWN, ""),
    "rude_scoreboard": (UNKNOWN, "which is no slot"),
    "numbers_too_large": (UNKNOWN, "Total Accesses is no number"),
    "counts_backwards": (UNKNOWN, "several servers answer at this address"),
}


def test_every_situation_has_an_expectation() -> None:
    assert set(EXPECTED) == set(SITUATIONS)


@pytest.mark.parametrize("follow", [[], ["--follow-redirects"]], ids=["plain", "followed"])
@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_misbehaving(plugin: PluginRunner, situation: str, follow: list[str]) -> None:
    with misbehaving(situation) as server:
        answer = check(plugin, "-H", server.address, "-t", TIMEOUT, "-i", "0.1", "-vvv", *follow)
    assert answer.seconds < TIMEOUT + GRACE
    assert "geheim" not in answer.stdout and "root:" not in answer.stdout
    assert not any(ord(c) < 32 and c != "\n" for c in answer.stdout)
    assert answer.line1.count("|") <= 1
    if follow and "redirect" in situation or situation in ("rude_location", "rude_version"):
        assert answer.code in (OK, CRITICAL, UNKNOWN)
        return
    code, words = EXPECTED[situation]
    assert answer.code == code and words in answer.line1, answer.stdout


# many


def test_200_servers_that_answer_late(plugin: PluginRunner) -> None:
    with LateHttp(answering=200) as servers:
        arguments = ["-H", ",".join(servers.addresses), "-i", "0.01"]
        assert check(plugin, *arguments).code == OK
        # The best of a few: what else the machine does is not ours. Sanitizers make us slower, which is not shipped.
        bound, seconds = (3 if SANITIZED else 1), []
        while not seconds or min(seconds) >= bound:
            answer = check(plugin, *arguments)
            assert answer.code == OK and answer.stdout.count("[OK]") == 200
            seconds.append(answer.seconds)
            assert len(seconds) < 5, seconds


def test_20_of_200_never_answer(plugin: PluginRunner) -> None:
    with LateHttp(answering=180, silent=20) as servers:
        hosts = [address for pair in zip(servers.silent_addresses, servers.addresses) for address in pair]
        hosts += servers.addresses[20:]
        answer = check(plugin, "-H", ",".join(hosts), "-t", 3)
        assert answer.code == CRITICAL and answer.seconds < 4
        assert answer.stdout.count("[OK]") == 180
        assert all(f"[CRITICAL] {address}: " in answer.stdout for address in servers.silent_addresses)
        assert answer.stdout.count("timed out") >= 20


def test_a_thousand_runs_at_once(plugin: PluginRunner, apache: Apache) -> None:
    """No wrong result, no damaged state, nothing left behind."""
    runs = 1000 if SOAK else 200
    check(plugin, "-H", apache.address, "-i", "0.01")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: check(plugin, "-H", apache.address, "-t", 30, seconds=60), range(runs)))
    assert {answer.code for answer in answers} == {OK}
    assert all("state" not in answer.line1 for answer in answers)
    assert all(answer.perfdata["rps"].value >= 0 for answer in answers)
    assert all("anew" not in answer.line1 for answer in answers), "a run that asked later was here before"
    left = {path.suffix for path in plugin.state_dir.rglob("*") if path.is_file()}
    assert left == {".state", ".previous", ".lock"}
    assert check(plugin, "-H", apache.address).code == OK
