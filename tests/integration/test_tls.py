"""--ssl is TLS, with a certificate that holds and names the server; anything less is CRITICAL."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox import Sandbox  # noqa: E402

CHECK = "check_mysql_replication"
OK, CRITICAL, UNKNOWN = 0, 2, 3
PASSWORD = "s3cret-Pa55word"
SHARED_SERVERS = "servers"  # see conftest.py
CERTIFICATES = ("good", "expired", "wrong-name", "other-ca", None)


@pytest.fixture(scope="module")
def servers():
    """One server per kind and certificate, started when first asked for. None has no TLS."""
    with Sandbox() as box:
        started = {}

        def server(kind, certificate):
            key = (kind, certificate)
            if key not in started:
                name = f"{kind}-{certificate or 'none'}".replace(".", "")
                started[key] = box.server(name, kind=kind, tls=certificate)
                grants = started[key].dialect.MONITOR_GRANTS
                started[key].create_user("anyhow", PASSWORD, grants)
                started[key].create_user("tls_only", PASSWORD, grants, require="SSL" if certificate else None)
                started[key].create_user("certified", PASSWORD, grants, require="X509" if certificate else None)
            return started[key]

        yield server


@pytest.fixture
def ask(plugin, tmp_path):
    """Runs the check against a server; what is no replica is fine, so that only the connection matters."""
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")

    def run(server, *more, user="anyhow", host=None, env=None):
        target = ["-H", f"{host or server.host}:{server.port}"]
        answer = plugin(CHECK, *target, "-u", user, "--password-file", secret, "--not-replica", "ok",
                        "--allow-writable", *more, env=env)
        assert PASSWORD not in answer.stdout + answer.stderr
        assert answer.stderr == ""
        return answer

    return run


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("certificate, state, words", [
    ("good", OK, ""),
    ("expired", CRITICAL, "certificate has expired"),
    ("wrong-name", CRITICAL, "the server's certificate is for another name"),
    ("other-ca", CRITICAL, "unable to get local issuer certificate"),
    (None, CRITICAL, "the server offers no TLS"),
])
def test_a_certificate_must_hold(ask, servers, kind, certificate, state, words, host):
    server = servers(kind, certificate)
    answer = ask(server, "--ssl", "-C", server.box.tls.ca, host=host)
    assert answer.code == state, answer.stdout
    assert words in answer.line1


@pytest.mark.parametrize("certificate, state", [("good", OK), ("wrong-name", CRITICAL), ("other-ca", CRITICAL)])
def test_without_an_authority_the_system_s_count(ask, servers, kind, certificate, state):
    server = servers(kind, certificate)
    assert ask(server, "--ssl").code == CRITICAL  # the system does not know ours
    answer = ask(server, "--ssl", env={"SSL_CERT_FILE": str(server.box.tls.ca)})
    assert answer.code == state, answer.stdout


@pytest.mark.parametrize("authority", [True, False], ids=["authority", "no-authority"])
@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_insecure_takes_any_certificate_and_still_encrypts(ask, servers, kind, certificate, authority):
    server = servers(kind, certificate)
    trusted = ["-C", server.box.tls.ca] if authority else []
    # The account takes nobody who comes without TLS.
    answer = ask(server, "--ssl", "--insecure", *trusted, user="tls_only")
    if certificate:
        assert answer.code == OK, answer.stdout
    else:
        assert answer.code == CRITICAL
        assert "the server offers no TLS" in answer.line1


def test_an_authority_alone_asks_for_tls(ask, servers, kind):
    assert ask(servers(kind, "good"), "-C", servers(kind, "good").box.tls.ca, user="tls_only").code == OK
    answer = ask(servers(kind, None), "-C", servers(kind, "good").box.tls.ca)
    assert answer.code == CRITICAL
    assert "the server offers no TLS" in answer.line1


def test_client_certificates(ask, servers, kind):
    server = servers(kind, "good")
    tls = server.box.tls
    trusted = ["--ssl", "-C", tls.ca]
    assert ask(server, *trusted, "-a", tls.client.cert, "-k", tls.client.key, user="certified").code == OK

    for words in (trusted, []):
        answer = ask(server, *words, user="certified")
        assert answer.code == UNKNOWN
        assert "access denied, error 1045" in answer.line1

    # A key that does not fit its certificate.
    answer = ask(server, *trusted, "-a", tls.client.cert, "-k", tls.good.key, user="certified")
    assert answer.code in (CRITICAL, UNKNOWN)


@pytest.mark.parametrize("lines, code", [
    ("ssl-ca={ca}", OK),
    ("ssl-mode=REQUIRED", OK),
    ("ssl-mode=VERIFY_IDENTITY\nssl-ca={ca}", OK),
    ("ssl-mode=VERIFY_CA", CRITICAL),
    ("ssl", CRITICAL),
    ("loose-ssl\nskip-ssl-verify-server-cert", OK),
    ("skip-ssl", UNKNOWN),
    ("ssl-mode=DISABLED", UNKNOWN),
])
def test_an_option_file_says_how_strict_it_is(plugin, servers, kind, tmp_path, lines, code):
    server = servers(kind, "good")
    file = tmp_path / "my.cnf"
    file.write_text(f"[client]\nhost={server.host}\nport={server.port}\nuser=tls_only\npassword={PASSWORD}\n"
                    + lines.format(ca=server.box.tls.ca) + "\n")
    answer = plugin(CHECK, "-f", file, "--not-replica", "ok", "--allow-writable")
    assert answer.code == code, answer.stdout


def test_a_socket_needs_no_tls(plugin, servers, kind, tmp_path):
    server = servers(kind, "wrong-name")
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    answer = plugin(CHECK, "-s", server.socket, "-u", "anyhow", "--password-file", secret, "--ssl",
                    "--not-replica", "ok", "--allow-writable")
    assert answer.code == OK, answer.stdout
