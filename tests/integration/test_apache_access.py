"""check_apache_rps: who may look. Digest and basic authentication, redirects, client certificates; pages that are too much."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Answer, PluginRunner
from fakes.in_front_of_apache import Scripted
from fakes.misbehaving_http import PAGE, answer
from fakes.scripted_server import Line, ScriptedServer
from sandbox import Sandbox
from sandbox.apache import Apache

CHECK = "check_apache_rps"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
PLAIN = [("Content-Type", "text/plain")]


def check(plugin: PluginRunner, *arguments: object, **options: object) -> Answer:
    told = plugin(CHECK, *arguments, **options)
    assert told.stderr == "" and told.code in range(4)
    return told


@pytest.fixture(scope="module")
def servers() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture()
def auth_file(tmp_path: Path) -> Path:
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    return file


# user and password

PROTECTED = """
<Location /server-status>
  SetHandler server-status
  AuthType Digest
  AuthName "a realm"
  AuthDigestProvider file
  AuthUserFile FOLDER/digest
  Require valid-user
</Location>
CustomLog FOLDER/access.log "%{Authorization}i"
"""


@pytest.fixture(scope="module")
def protected(servers: Sandbox) -> Apache:
    apache = Apache(servers, "digest", modules=["auth_digest"], more=PROTECTED)
    hashed = hashlib.md5(b"monitor:a realm:Pa55w0rd").hexdigest()
    (apache.folder / "digest").write_text(f"monitor:a realm:{hashed}\n")
    return apache


def test_digest(plugin: PluginRunner, protected: Apache, auth_file: Path) -> None:
    arguments = ["-H", protected.address, "-i", "0.2", "--auth-file", auth_file, "-vvv"]
    log, pages = protected.folder / "access.log", 0
    for _ in range(4):
        told = check(plugin, *arguments)
        # Apache counts a request just after it has logged it, which may be after we have its answer.
        pages += told.stdout.count("GET /server-status: ")
        Sandbox.wait_until(lambda: log.exists() and log.read_text().count("Digest username") >= pages, 10)
        assert told.code == OK and told.perfdata["rps"].value == 0, "requests that ask for the challenge are ours, too"
        assert "Pa55w0rd" not in told.stdout
    assert "Digest username" in log.read_text() and "Basic" not in log.read_text()
    auth_file.write_text("monitor:wr0ng\n")
    told = check(plugin, *arguments)
    assert told.code == UNKNOWN and "HTTP 401, the server refuses the user or password of --auth-file" in told.line1
    assert check(plugin, "-H", protected.address).line1.count("it wants a user and password; see --auth-file") == 1
    auth_file.write_text("monitor:Pa55w0rd\n")
    assert check(plugin, *arguments).perfdata["rps"].value == 0


def challenged(*schemes: str) -> Scripted:
    page = PAGE

    def script(_path: str, _count: int) -> tuple[int, list[tuple[str, str]], bytes]:
        if "Authorization" in front.requests[-1][1]:
            return 200, PLAIN, page
        return 401, [("WWW-Authenticate", scheme) for scheme in schemes], b"no"
    front = Scripted(script)
    return front


DIGEST = 'Digest realm="r", nonce="abc", qop="auth", algorithm=MD5'
SHA256 = 'Digest realm="r", nonce="abc", qop="auth", algorithm=SHA-256'
BASIC = 'Basic realm="r"'


@pytest.mark.parametrize(("schemes", "first_word"), [
    ((BASIC,), "Basic"), ((DIGEST,), "Digest"), ((BASIC, DIGEST), "Digest"), ((DIGEST, BASIC), "Digest"),
    ((SHA256, BASIC), "Digest"), ((BASIC, "Negotiate", DIGEST), "Digest"), (("Negotiate", BASIC), "Basic"),
])
def test_the_password_is_not_shown_where_a_digest_will_do(plugin: PluginRunner, auth_file: Path, schemes: tuple[str, ...],
                                                          first_word: str) -> None:
    with challenged(*schemes) as front:
        check(plugin, "-H", front.address, "-i", "0.1", "--auth-file", auth_file)
        sent = {headers["Authorization"].split()[0] for _, headers in front.requests if "Authorization" in headers}
    assert sent == {first_word}


@pytest.mark.parametrize("schemes", [("Negotiate",), ("Bearer realm=x",), ("NTLM", "Negotiate")])
def test_what_the_server_wants_instead(plugin: PluginRunner, auth_file: Path, schemes: tuple[str, ...]) -> None:
    with challenged(*schemes) as front:
        told = check(plugin, "-H", front.address, "--auth-file", auth_file)
        assert all("Authorization" not in headers for _, headers in front.requests)
    assert told.code == UNKNOWN and f"it wants {schemes[0].split()[0].lower()} authentication" in told.line1


# redirects


def leads_to(target: str, status: int = 302) -> Scripted:
    return Scripted(lambda _path, _count: (status, [("Location", target)], b""))


SECRETS = ["--header", "X-Token: geheim", "--header", "Authorization: Bearer geheim", "--header", "Cookie: s=geheim"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("challenge", [[], [("WWW-Authenticate", BASIC)], [("WWW-Authenticate", DIGEST)]],
                         ids=["none", "basic", "digest"])
def test_secrets_do_not_go_along(plugin: PluginRunner, auth_file: Path, status: int, challenge: list[tuple[str, str]]) -> None:
    wanted = 401 if challenge else 200
    with Scripted(lambda _path, _count: (wanted, PLAIN + challenge, PAGE)) as stranger, \
            leads_to(f"http://{stranger.address}/server-status?auto", status) as front:
        told = check(plugin, "-H", front.address, "-i", "0.1", "--follow-redirects", "--auth-file", auth_file, *SECRETS)
        assert stranger.requests and front.requests
        assert not any("geheim" in value or name == "Authorization"
                       for _, headers in stranger.requests for name, value in headers.items())
        assert any(headers.get("X-Token") == "geheim" for _, headers in front.requests)
    if challenge:
        assert told.code == UNKNOWN and f"{stranger.address}/server-status: HTTP 401, " in told.line1
        assert "do not go along with a redirect" in told.line1


@pytest.mark.parametrize("status, code, words", [
    (404, UNKNOWN, "HTTP 404"), (403, UNKNOWN, "HTTP 403"), (500, CRITICAL, "HTTP 500"), (200, UNKNOWN, "the page is empty"),
])
def test_redirects_name_the_server_that_failed(plugin: PluginRunner, status: int, code: int, words: str) -> None:
    with Scripted(lambda _path, _count: (status, PLAIN, b"")) as last:
        with leads_to(f"http://u:geheim@{last.address}/there?t=geheim") as middle, leads_to(f"http://{middle.address}/") as front:
            told = check(plugin, "-H", front.address, "--follow-redirects", "-vvv")
    assert told.code == code and f"{last.address}/there: {words}" in told.line1, told.stdout
    assert "geheim" not in told.stdout


def test_a_redirect_to_a_server_that_is_down(plugin: PluginRunner) -> None:
    with leads_to("http://localhost:1/x") as front:
        told = check(plugin, "-H", front.address, "--follow-redirects")
    assert told.code == CRITICAL and "connecting to localhost:1: connection refused" in told.line1
    with leads_to("https://%s/x") as front:
        front.script = lambda _path, _count: (302, [("Location", f"https://{front.address}/x")], b"")
        told = check(plugin, "-H", front.address, "--follow-redirects")
    assert told.code == CRITICAL and f"{front.address}: TLS: the server does not speak TLS there" in told.line1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:1/x", "http://[", ""])
def test_redirects_to_nowhere(plugin: PluginRunner, target: str) -> None:
    with leads_to(target) as front:
        told = check(plugin, "-H", front.address, "--follow-redirects")
    assert told.code == UNKNOWN and "HTTP 302, a redirect" in told.line1


def test_redirects_in_a_ring(plugin: PluginRunner) -> None:
    with leads_to("/server-status?auto") as front:
        told = check(plugin, "-H", front.address, "--follow-redirects")
        assert len(front.requests) == 6
    assert told.code == UNKNOWN and f"{front.address}: GET /server-status: more than 5 redirects" in told.line1


# client certificates


@pytest.mark.parametrize("place", ["everywhere", "one page"])
@pytest.mark.parametrize("protocol", ["TLSv1.2", "TLSv1.3"])
def test_client_certificates(plugin: PluginRunner, servers: Sandbox, protocol: str, place: str) -> None:
    tls = servers.tls
    verify = f"SSLProtocol -all +{protocol}\nSSLCACertificateFile {tls.ca}\n"
    verify += "SSLVerifyClient require\n" if place == "everywhere" else \
        "<Location /server-status>\nSSLVerifyClient require\n</Location>\n"
    apache = Apache(servers, f"mutual-{protocol}-{place[:3]}", tls="good", more=verify)
    arguments = ["-S", "-H", f"localhost:{apache.port}", "-I", "127.0.0.1", "--ca-cert", tls.ca, "-i", "0.1"]
    for _ in range(5):
        told = check(plugin, *arguments)
        assert told.code == UNKNOWN and "the server wants a client certificate; see --cert and --key" in told.line1
    told = check(plugin, *arguments, "--cert", tls.client.cert, "--key", tls.client.key)
    assert told.code == OK, told.stdout
    told = check(plugin, *arguments, "--cert", tls.other_ca.cert, "--key", tls.other_ca.key)
    assert told.code == UNKNOWN and "the server refuses the certificate of --cert: unknown ca" in told.line1


def test_a_certificate_in_one_file_and_keys_that_are_none(plugin: PluginRunner, servers: Sandbox, tmp_path: Path) -> None:
    tls = servers.tls
    apache = Apache(servers, "mutual", tls="good", more=f"SSLCACertificateFile {tls.ca}\nSSLVerifyClient require\n")
    arguments = ["-S", "-H", f"localhost:{apache.port}", "-I", "127.0.0.1", "--ca-cert", tls.ca, "-i", "0.1"]
    both = tmp_path / "both.pem"
    both.write_text(tls.client.cert.read_text() + tls.client.key.read_text())
    assert check(plugin, *arguments, "--cert", both).code == OK
    locked = tmp_path / "locked.pem"
    subprocess.run(["openssl", "pkey", "-in", tls.client.key, "-aes256", "-passout", "pass:geheim", "-out", locked], check=True)
    for key in (tls.good.key, locked, tls.client.cert):
        told = check(plugin, *arguments, "--cert", tls.client.cert, "--key", key)
        assert told.code == UNKNOWN and "--cert and --key: " in told.line1 and told.seconds < 2


def test_a_certificate_that_is_not_wanted_is_no_matter(plugin: PluginRunner, servers: Sandbox) -> None:
    tls = servers.tls
    optional = f"SSLCACertificateFile {tls.ca}\nSSLVerifyClient optional\n"
    for name, more in (("unasked", ""), ("optional", optional)):
        apache = Apache(servers, name, tls="good", more=more)
        arguments = ["-S", "-H", f"localhost:{apache.port}", "-I", "127.0.0.1", "--ca-cert", tls.ca, "-i", "0.1"]
        assert check(plugin, *arguments).code == OK
        assert check(plugin, *arguments, "--cert", tls.client.cert, "--key", tls.client.key).code == OK


# pages that are too much


def begins_with(begin: bytes, goes_on: bytes, status: bytes = b"200 OK", length: bytes = b"") -> ScriptedServer:
    def script(line: Line) -> None:
        line.receive_until(b"\r\n\r\n")
        line.send(b"HTTP/1.1 " + status + b"\r\nContent-Type: text/html\r\n" + length + b"\r\n" + begin)
        if goes_on:
            line.endlessly(goes_on)
        line.wait_for_ever()
    return ScriptedServer(script)


HTML = b"<!DOCTYPE html><html><head><title>Log in</title></head>"
HUGE = b"Content-Length: 99999999999\r\n"


@pytest.mark.parametrize("goes_on", [b"x" * 4096, b""], ids=["endless", "stuck"])
@pytest.mark.parametrize("length", [HUGE, b""], ids=["length", "none"])
@pytest.mark.parametrize(("begin", "status", "code", "words"), [
    (HTML, b"200 OK", UNKNOWN, "an HTML page"),
    (b"\n\r\n   <html>", b"200 OK", UNKNOWN, "an HTML page"),
    (b"lorem ipsum " * 100, b"200 OK", UNKNOWN, "the page is not mod_status' plain text"),
    (b"{\"key\": 5, " * 100, b"200 OK", UNKNOWN, "the page is not mod_status' plain text"),
    (HTML, b"404 Not Found", UNKNOWN, "HTTP 404"),
    (b"", b"404 Not Found", UNKNOWN, "HTTP 404"),
    (HTML, b"403 Forbidden", UNKNOWN, "HTTP 403"),
    (HTML, b"401 Unauthorized", UNKNOWN, "HTTP 401"),
    (HTML, b"302 Found\r\nLocation: /x", UNKNOWN, "HTTP 302"),
    (HTML, b"503 Service Unavailable", CRITICAL, "HTTP 503"),
    (PAGE, b"200 OK", OK, "requests/s"),
])
def test_the_first_kibibyte_is_enough(plugin: PluginRunner, begin: bytes, status: bytes, length: bytes, goes_on: bytes,
                                      code: int, words: str) -> None:
    with begins_with(begin, goes_on, status, length) as server:
        told = check(plugin, "-H", server.address, "-t", 4, "-i", "0.01", "-vvv")
    if code == OK:
        # The fake does not count; what matters is that its page is read.
        assert "is old" not in told.line1 and "busy_workers" in told.perfdata
    else:
        assert told.code == code and words in told.line1, told.stdout
        assert told.seconds < 2


def test_a_large_scoreboard_and_what_others_append(plugin: PluginRunner) -> None:
    counted = iter(range(1000, 100_000))

    def script(_path: str, _count: int) -> tuple[int, list[tuple[str, str]], bytes]:
        board = b"W" * 30_000 + b"_" * 100_000 + b"." * 70_000
        page = PAGE.replace(b"500", str(next(counted)).encode()).replace(b"W___....", board)
        return 200, PLAIN, page + b"ProxyBalancer[0]Name: balancer://pool\n" * 100_000
    with Scripted(script) as front:
        told = check(plugin, "-H", front.address, "-i", "0.1")
    assert told.code == OK and told.perfdata["busy_workers"].value == 30_000, told.stdout


def test_pages_of_others_are_named(plugin: PluginRunner) -> None:
    lighttpd = (b"Total Accesses: 5\nTotal kBytes: 9\nUptime: 77\nBusyServers: 1\nIdleServers: 3\nScoreboard: h___\n")
    for page, words in ((lighttpd, "lighttpd's status page"),
                        (b"Active connections: 2 \nserver accepts handled requests\n 1 1 1 \n", "nginx's status page"),
                        (b"pool:                 www\nprocess manager:      dynamic\naccepted conn:  5\n", "PHP-FPM's")):
        with Scripted(lambda _path, _count, page=page: (200, PLAIN, page)) as front:
            told = check(plugin, "-H", front.address)
        assert told.code == UNKNOWN and words in told.line1


def test_a_unix_socket(plugin: PluginRunner, tmp_path: Path) -> None:
    told = check(plugin, "--socket", tmp_path / "none")
    assert told.code == CRITICAL and f"connecting to {tmp_path}/none: no such file" in told.line1
    assert json.loads(plugin(CHECK, "--socket", "/x", "-I", "10.0.0.1", "--output", "json").stdout)["state"] == "UNKNOWN"


def test_an_interim_answer_is_not_the_answer(plugin: PluginRunner) -> None:
    def script(line: Line) -> None:
        count = 500
        while True:
            line.receive_until(b"\r\n\r\n")
            count += 1
            line.send(b"HTTP/1.1 103 Early Hints\r\nAge: 77\r\nLocation: /x\r\n\r\n"
                      + answer(PAGE.replace(b"500", str(count).encode())))
    with ScriptedServer(script) as server:
        told = check(plugin, "-H", server.address, "-i", "0.05")
    assert "old" not in told.line1
