"""A real Apache from this system's packages, on loopback, in a box's folder."""

from __future__ import annotations

import http.client
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import unprivileged
from .errors import KindUnavailable, ServerFailed
from .waiting import wait_until

if TYPE_CHECKING:
    from .box import Sandbox

PROGRAM = Path("/usr/sbin/apache2")
MODULES = Path("/usr/lib/apache2/modules")
START_SECONDS = 30
# What modules need of others, in the order in which they are loaded.
ALWAYS = ("authn_core", "authz_core", "authz_host", "authz_user", "authn_file", "auth_basic", "alias", "headers", "status")
# Small: tests want a few workers, not a web farm.
MPM_SETTINGS = {
    "event": "StartServers 1\nServerLimit 4\nThreadsPerChild 4\nMaxRequestWorkers 16\nMinSpareThreads 4\nMaxSpareThreads 16",
    "worker": "StartServers 1\nServerLimit 4\nThreadsPerChild 4\nMaxRequestWorkers 16\nMinSpareThreads 4\nMaxSpareThreads 16",
    "prefork": "StartServers 2\nServerLimit 16\nMaxRequestWorkers 16\nMinSpareServers 2\nMaxSpareServers 8",
}
CONFIGURATION = """
ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/pid"
ErrorLog "{folder}/error.log"
LogLevel warn
ServerName localhost
DocumentRoot "{folder}/www"
Listen 127.0.0.1:{port}
{modules}
Timeout 20
GracefulShutdownTimeout 5
ExtendedStatus {extended}
{mpm}
<Location /server-status>
  SetHandler server-status
</Location>
{tls}
{more}
"""
TLS = """
SSLEngine on
SSLCertificateFile "{certificate}"
SSLCertificateKeyFile "{key}"
Protocols {protocols}
"""


class Apache:
    """Ready when it is made. `tls` is good, expired, wrong-name, other-ca or None; `more` is configuration of your own."""

    host = "127.0.0.1"

    def __init__(self, box: Sandbox, name: str = "apache", *, mpm: str = "event", modules: Sequence[str] = (),
                 extended: bool = True, tls: str | None = None, http2: bool = False, more: str = "") -> None:
        if not PROGRAM.exists():
            raise KindUnavailable("apache", "it is not installed: packaging/install-dependencies demo")
        self.box, self.name, self.mpm = box, name, mpm
        self.folder = box.folder / name
        self.port = box.free_port()
        self.pid = 0
        (self.folder / "www").mkdir(parents=True)
        (self.folder / "www" / "index.html").write_text("a page\n")
        loaded = [f"mpm_{mpm}", *ALWAYS, *(["ssl"] if tls else []), *(["http2"] if http2 else []), *modules]
        (self.folder / "apache.conf").write_text(CONFIGURATION.format(
            folder=self.folder, port=self.port, extended="On" if extended else "Off", mpm=MPM_SETTINGS[mpm],
            modules="\n".join(f'LoadModule {it}_module "{MODULES}/mod_{it}.so"' for it in loaded),
            tls=self._tls(tls, http2), more=more.replace("FOLDER", str(self.folder))))
        self.folder.chmod(0o755)
        unprivileged.give(self.folder)
        self.start()

    def _tls(self, wanted: str | None, http2: bool) -> str:
        if wanted is None:
            return "Protocols h2c http/1.1" if http2 else ""
        _, certificate, key = self.box.tls.server_files(wanted)
        return TLS.format(certificate=certificate, key=key, protocols="h2 http/1.1" if http2 else "http/1.1")

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def running(self) -> bool:
        return bool(self.pid) and self.box.ward.running(self.pid)

    def start(self) -> None:
        argv = [str(PROGRAM), "-DFOREGROUND", "-d", str(self.folder), "-f", str(self.folder / "apache.conf")]
        self.pid = self.box.ward.spawn(argv, self.folder / "output.log")
        wait_until(lambda: self._accepts() or not self.running, START_SECONDS, f"{self.name} accepts connections")
        if not self.running:
            raise ServerFailed(f"{self.name} ended while starting:\n{self.log()}")

    def log(self) -> str:
        logs = (self.folder / name for name in ("output.log", "error.log"))
        return "".join(log.read_text("utf-8", "replace") for log in logs if log.exists())

    def _accepts(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), 1):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """Nothing of it is left when this returns."""
        self.box.ward.signal(self.pid, signal.SIGTERM)
        wait_until(lambda: not self.running, 10, f"{self.name} ended")

    def restart(self) -> None:
        """As an administrator does it: another process, counters at zero."""
        self.kill()
        self.start()

    def graceful(self) -> None:
        """New configuration and new workers; old ones finish their requests, and counters go on."""
        before = self.status("ParentServerMPMGeneration")
        self.box.ward.signal(self.pid, signal.SIGUSR1)
        wait_until(lambda: self.status("ParentServerMPMGeneration") != before, 20, f"{self.name} restarted gracefully")

    def request(self, path: str = "/") -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def requests(self, count: int, path: str = "/") -> None:
        """Over one connection where the server keeps it."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            for _ in range(count):
                connection.request("GET", path)
                connection.getresponse().read()
        finally:
            connection.close()

    def status(self, key: str) -> str:
        """One value of the status page."""
        try:
            page = self.request("/server-status?auto")[1]
        except (OSError, http.client.HTTPException):
            return ""
        found = [line.partition(": ")[2] for line in page.splitlines() if line.startswith(f"{key}: ")]
        return found[0] if found else ""
