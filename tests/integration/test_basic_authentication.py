"""check_apache_rps: whom basic authentication gives the password. Whoever answers may be somebody else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import PluginRunner
from fakes.challenging_http import ChallengingServer
from fakes.misbehaving_http import PAGE
from sandbox.tls import Tls

UNKNOWN = 3
DIGEST = 'Digest realm="r", nonce="abc", qop="auth", algorithm=MD5'
SHA256 = 'Digest realm="r", nonce="abc", qop="auth", algorithm=SHA-256'
BASIC = 'Basic realm="r"'
CHALLENGES = ((BASIC,), (DIGEST,), (BASIC, DIGEST), (DIGEST, BASIC), (SHA256, BASIC), ("Negotiate", BASIC),
              (BASIC, "Bearer realm=x"))

# By certificate and options: whether the password itself may go there.
CHANNELS = {
    "loopback": (None, ["-H", "127.0.0.1"], True),
    "another loopback address": (None, ["-H", "127.0.0.1", "-I", "127.0.0.1"], True),
    "localhost": (None, ["-H", "LocalHost"], True),
    "a name, at loopback": (None, ["-H", "web1.example", "-I", "127.0.0.1"], True),
    "verified": ("good", ["-S", "-H", "localhost", "--ca-cert", "{ca}"], True),
    "a proxy": (None, ["-H", "127.0.0.1", "--proxy", "http://127.0.0.1:{port}"], False),
    **{f"{name}, --insecure": (name, ["-S", "--insecure", "-H", "127.0.0.1"], False)
       for name in ("good", "other_ca", "wrong_name", "expired")},
    "--insecure with --ca-cert": ("good", ["-S", "--insecure", "--ca-cert", "{ca}", "-H", "localhost"], False),
    "--insecure, whole URL": ("other_ca", ["-u", "https://localhost:{port}/server-status?auto", "--insecure"], False),
}


@pytest.fixture(scope="module")
def certificates() -> Tls:
    return Tls()


@pytest.fixture
def auth_file(tmp_path: Path) -> Path:
    file = tmp_path / "auth"
    file.write_text("monitor:Pa55w0rd\n")
    return file


def look(plugin: PluginRunner, front: ChallengingServer, schemes: tuple[str, ...], allowed: bool, *words: object) -> None:
    told = plugin("check_apache_rps", *words, "-i", "0.1", "-t", "9", "--no-state")
    sent = {authorization.split()[0] for authorization in front.authorizations}
    takes_digest = any(scheme.startswith("Digest") for scheme in schemes)
    assert sent == ({"Digest"} if takes_digest else {"Basic"} if allowed else set()), told.stdout
    if not sent:
        assert told.code == UNKNOWN and "it wants basic authentication, which gives the password" in told.line1, told.stdout
        assert "--ca-cert" in told.line1
    assert "Pa55w0rd" not in told.stdout


@pytest.mark.parametrize("schemes", CHALLENGES, ids=lambda schemes: "+".join(scheme.split()[0] for scheme in schemes))
@pytest.mark.parametrize("channel", CHANNELS)
def test_the_password_goes_to_who_has_proved_to_be_the_server(plugin: PluginRunner, certificates: Tls, auth_file: Path,
                                                              channel: str, schemes: tuple[str, ...]) -> None:
    name, words, allowed = CHANNELS[channel]
    with ChallengingServer(schemes, PAGE, certificate=getattr(certificates, name) if name else None) as front:
        filled = [word.format(ca=certificates.ca, port=front.port) for word in words]
        port = [] if any("://localhost" in word for word in filled) else ["-p", front.port]
        look(plugin, front, schemes, allowed, *filled, *port, "--auth-file", auth_file)


def own_address() -> str | None:
    """Of this machine and not loopback."""
    told = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
    return next((address for address in told if ":" not in address), None)


@pytest.mark.parametrize("schemes", CHALLENGES, ids=lambda schemes: "+".join(scheme.split()[0] for scheme in schemes))
def test_plain_http_beyond_this_machine(plugin: PluginRunner, auth_file: Path, schemes: tuple[str, ...]) -> None:
    address = own_address()
    if address is None:
        pytest.skip("this machine has no other address than loopback")
    with ChallengingServer(schemes, PAGE, host=address) as front:
        look(plugin, front, schemes, False, "-H", address, "-p", front.port, "--auth-file", auth_file)
