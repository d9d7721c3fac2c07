"""No server gets the password itself that has not proved who it is, whichever way to log in it names."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.misbehaving_server import MisbehavingServer, result  # noqa: E402
from fakes.password_thief import PLUGINS, SHA2, PasswordThief  # noqa: E402
from sandbox import tls  # noqa: E402

REPLICATION, TABLE_SYNC = "check_mysql_replication", "check_table_sync"
PASSWORD = "s3cret-Pa55word"
OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3

# Each alone in the greeting, each after each, and some after two others.
CONVERSATIONS = [[first] for first in PLUGINS]
CONVERSATIONS += [list(pair) for pair in itertools.product(PLUGINS, PLUGINS)]
CONVERSATIONS += [["mysql_native_password", *pair] for pair in itertools.product(SHA2, ("mysql_clear_password", *SHA2))]

# certificate, options; None: without TLS
CHANNELS = {
    "plain": (None, []),
    "TLS is offered and not wanted": ("good", []),
    "TLS, not verified": ("good", ["--ssl", "--insecure"]),
    "TLS, not verified, for another name": ("wrong-name", ["--ssl", "--insecure"]),
    "TLS, not verified, of a stranger": ("other-ca", ["--ssl", "--insecure", "-C", "{ca}"]),
    "TLS, for another name": ("wrong-name", ["--ssl", "-C", "{ca}"]),
    "TLS, for another name, by the system's authorities": ("wrong-name", ["--ssl"]),
    "TLS, expired": ("expired", ["--ssl", "-C", "{ca}"]),
    "TLS, of a stranger": ("other-ca", ["--ssl", "-C", "{ca}"]),
    "TLS is wanted and not offered": (None, ["--ssl", "-C", "{ca}"]),
    "TLS is wanted, not verified and not offered": (None, ["--ssl", "--insecure"]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the thief's key is kept, made once."""
    return tmp_path_factory.mktemp("thief")


@pytest.fixture(scope="module")
def certificates():
    return tls.Tls()


@pytest.fixture
def ask(plugin, tmp_path, certificates):
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")

    def run(port, *more, name=REPLICATION):
        words = [str(word).format(ca=certificates.ca) for word in more]
        targets = ["-H", f"127.0.0.1:{port}"]
        if name == TABLE_SYNC:  # beside one that refuses
            targets += ["-H", "127.0.0.1:1", "--table", "shop.t"]
        answer = plugin(name, *targets, "-u", "nagios", "--password-file", secret, "-t", "5", *words,
                        env={"SSL_CERT_FILE": str(certificates.ca)})
        assert PASSWORD not in answer.stdout + answer.stderr
        return answer

    return run


def certificate(certificates, name):
    return getattr(certificates, name.replace("-", "_")) if name else None


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name", [REPLICATION, TABLE_SYNC])
def test_no_conversation_gets_the_password(ask, folder, certificates, name, channel):
    kind, words = CHANNELS[channel]
    conversations = CONVERSATIONS if channel in ("plain", "TLS, not verified") else CONVERSATIONS[:len(PLUGINS)]
    if name == TABLE_SYNC:
        conversations = conversations[:len(PLUGINS)]
    for plugins in conversations:
        with PasswordThief(plugins, folder, certificate(certificates, kind)) as thief:
            answer = ask(thief.port, *words, name=name)
            assert thief.visits, plugins
            assert not thief.stolen(PASSWORD), plugins
            assert answer.code in (CRITICAL, UNKNOWN), answer.stdout
            if channel in ("plain", "TLS, not verified") and plugins[0] in (*SHA2, "mysql_clear_password", "dialog"):
                assert answer.code == (UNKNOWN if name == REPLICATION else CRITICAL), answer.stdout
                assert "verified TLS only" in answer.stdout, (plugins, answer.stdout)
                assert ("--ca-cert without --insecure" if words else "--ssl with --ca-cert, or -s") in answer.stdout


@pytest.mark.parametrize("kind", ["wrong-name", "expired", "other-ca"])
@pytest.mark.parametrize("authority", [["-C", "{ca}"], []], ids=["ours", "the system's"])
@pytest.mark.parametrize("plugin_name", PLUGINS)
def test_a_certificate_that_does_not_hold_sees_nothing_of_a_login(ask, folder, certificates, kind, authority,
                                                                  plugin_name):
    with PasswordThief([plugin_name], folder, certificate(certificates, kind)) as thief:
        answer = ask(thief.port, "--ssl", *authority)
        # A plugin that needs a longer scramble than a greeting has does not get as far as the certificate.
        assert answer.code == (UNKNOWN if plugin_name == "client_ed25519" else CRITICAL), answer.stdout
        assert not any(b"nagios" in packet for packet in thief.packets)


@pytest.mark.parametrize("plugin_name", [*SHA2, "mysql_clear_password"])
@pytest.mark.parametrize("name", [REPLICATION, TABLE_SYNC])
def test_a_server_that_proved_who_it_is_gets_it(ask, folder, certificates, name, plugin_name):
    """That the thief can see a password at all."""
    for plugins in ([plugin_name], ["mysql_native_password", plugin_name], ["caching_sha2_password", plugin_name]):
        with PasswordThief(plugins, folder, certificates.good) as thief:
            ask(thief.port, "--ssl", "-C", "{ca}", name=name)
            assert thief.stolen(PASSWORD) == {"plain"}, plugins


@pytest.mark.parametrize("plugin_name, form", [("caching_sha2_password", "plain"),
                                               ("sha256_password", "encrypted, masked"),
                                               ("mysql_clear_password", "plain")])
def test_a_unix_socket_is_trusted(plugin, tmp_path, folder, plugin_name, form):
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    path = tmp_path / "socket"
    with PasswordThief(["mysql_native_password", plugin_name], folder, path=path) as thief:
        plugin(REPLICATION, "-s", path, "-u", "nagios", "--password-file", secret, "-t", "5")
        assert thief.stolen(PASSWORD) == {form}


def names_its_source(port):
    names = [b"Slave_IO_Running", b"Slave_SQL_Running", b"Seconds_Behind_Master", b"Connection_name",
             b"Master_Host", b"Master_Port"]
    return lambda wire: result(wire, names, [[b"Yes", b"Yes", b"0", b"", b"127.0.0.1", str(port).encode()]])


@pytest.mark.parametrize("channel", ["plain", "TLS, not verified", "TLS, verified"])
def test_a_source_that_a_replica_names_gets_a_scramble_and_no_more(ask, folder, certificates, channel):
    kind, words = {"TLS, verified": ("good", ["--ssl", "-C", "{ca}"])}.get(channel) or CHANNELS[channel]
    mine = certificate(certificates, kind)
    for plugins in CONVERSATIONS[:len(PLUGINS)] + [["mysql_native_password", plugin] for plugin in PLUGINS]:
        with PasswordThief(plugins, folder, mine) as thief, \
             PasswordThief(["mysql_native_password"], folder, mine, lets_in=True,
                           answers=names_its_source(thief.port)) as replica:
            answer = ask(replica.port, *words, "--source", "auto")
            assert thief.visits, answer.stdout
            assert not thief.stolen(PASSWORD), plugins
            if plugins[-1] in SHA2:
                assert "--source-file" in answer.stdout


def test_a_login_of_its_own_for_a_source(plugin, ask, folder, certificates, tmp_path):
    """--source-file: nothing of the replica's login goes to the source, and verified TLS may carry a password."""
    file = tmp_path / "source.cnf"
    for lines, gets_it in (("", False), (f"ssl-ca={certificates.ca}\n", True)):
        file.write_text(f"[client]\nuser=harmless\npassword=0ther-Pa55word\n{lines}")
        with PasswordThief(["caching_sha2_password"], folder, certificates.good) as thief, \
             MisbehavingServer("names_its_source") as replica:
            replica.source_host, replica.source_port = b"127.0.0.1", thief.port
            answer = ask(replica.port, "--source", "auto", "--source-file", file)
            assert any(b"harmless" in packet for packet in thief.packets), answer.stdout
            assert not any(b"nagios" in packet for packet in thief.packets)
            assert not thief.stolen(PASSWORD)
            assert bool(thief.stolen("0ther-Pa55word")) == gets_it
            assert "0ther-Pa55word" not in answer.stdout
