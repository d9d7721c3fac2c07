"""An authority and the certificates that go right and wrong with it, made once and kept in the cache."""

from __future__ import annotations

import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .errors import SandboxError

LOCAL = "DNS:localhost,IP:127.0.0.1,IP:::1"
YEARS = ("20200101000000Z", "20491231235959Z")
PAST = ("20200101000000Z", "20210101000000Z")
# `openssl ca` is the one command of OpenSSL 3.0 that makes a certificate which has expired.
CA_CONF = """
[ca]
default_ca = it
[it]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
email_in_dn = no
[any]
commonName = supplied
[signed]
subjectAltName = {names}
basicConstraints = CA:FALSE
[req]
distinguished_name = none
[none]
"""


@dataclass(frozen=True)
class Certificate:
    cert: Path
    key: Path


def _openssl(folder: Path, *words: str) -> None:
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SandboxError(f"openssl {words[0]}: {done.stderr}")


def _authority(folder: Path, name: str) -> None:
    _openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9000", "-subj", f"/CN=sandbox {name}",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign,cRLSign",
             "-keyout", f"{name}-key.pem", "-out", f"{name}.pem")


def _signed(folder: Path, name: str, authority: str, common_name: str, names: str, span: tuple[str, str]) -> None:
    (folder / "ca.conf").write_text(CA_CONF.replace("{names}", names))
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text(f"{secrets.token_hex(8)}\n")
    _openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={common_name}", "-config", "ca.conf",
             "-keyout", f"{name}-key.pem", "-out", f"{name}.csr")
    _openssl(folder, "ca", "-batch", "-notext", "-config", "ca.conf", "-extensions", "signed",
             "-cert", f"{authority}.pem", "-keyfile", f"{authority}-key.pem",
             "-startdate", span[0], "-enddate", span[1], "-in", f"{name}.csr", "-out", f"{name}.pem")


def _make(folder: Path) -> None:
    _authority(folder, "ca")
    _authority(folder, "stranger-ca")
    _signed(folder, "good", "ca", "localhost", LOCAL, YEARS)
    _signed(folder, "expired", "ca", "localhost", LOCAL, PAST)
    _signed(folder, "wrong-name", "ca", "wrong.example", "DNS:wrong.example", YEARS)
    _signed(folder, "other-ca", "stranger-ca", "localhost", LOCAL, YEARS)
    _signed(folder, "client", "ca", "client", "DNS:client.example", YEARS)
    for key in folder.glob("*-key.pem"):
        # Test keys, read by servers that run as nobody.
        key.chmod(0o644)


class Tls:
    """ca, good, expired, wrong_name, other_ca and client. Clients trust `ca`."""

    names = ("good", "expired", "wrong-name", "other-ca")

    def __init__(self) -> None:
        self.folder = cache.made_once("tls-1", _make)
        self.ca = self.folder / "ca.pem"
        self.good, self.expired, self.wrong_name, self.other_ca, self.client = (
            Certificate(self.folder / f"{name}.pem", self.folder / f"{name}-key.pem")
            for name in (*self.names, "client"))

    def server_files(self, name: str) -> tuple[Path, Path, Path]:
        """Authority for client certificates, certificate, key."""
        if name not in self.names:
            raise SandboxError(f"no certificate {name!r}; there are {', '.join(self.names)}")
        return self.ca, self.folder / f"{name}.pem", self.folder / f"{name}-key.pem"
