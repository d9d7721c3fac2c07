"""A real Icinga 2 in a box's folder, with its API on loopback."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import unprivileged
from .daemon import Daemon

if TYPE_CHECKING:
    from .box import Sandbox

PROGRAM = Path("/usr/sbin/icinga2")
PASSWORD = "sandbox"
CONFIGURATION = """
include <itl>
include <plugins>
const NodeName = "localhost"
const ZoneName = NodeName
const PluginDir = "/usr/lib/nagios/plugins"
const PluginContribDir = "{plugins}"
object Endpoint NodeName {{ }}
object Zone ZoneName {{ endpoints = [ NodeName ] }}
object CheckerComponent "checker" {{ }}
object ApiListener "api" {{ bind_host = "127.0.0.1"; bind_port = {port} }}
object ApiUser "root" {{ password = "{password}"; permissions = [ "*" ] }}
{includes}
{more}
"""


class Icinga(Daemon):
    """`include` are files with definitions, `more` is text of the same kind; `plugins` is PluginContribDir."""

    def __init__(self, box: Sandbox, name: str = "icinga", *, plugins: Path, include: Sequence[Path] = (),
                 more: str = "") -> None:
        super().__init__(box, name, PROGRAM)
        self.port = box.free_port()
        for folder in ("data/certs", "log", "cache", "spool", "run"):
            (self.folder / folder).mkdir(parents=True)
        self._trust()
        self.configuration = self.folder / "icinga2.conf"
        self.configuration.write_text(CONFIGURATION.format(
            plugins=plugins, port=self.port, password=PASSWORD, more=more,
            includes="".join(f'include "{self.readable(path)}"\n' for path in include)))

    def _trust(self) -> None:
        certificates = self.folder / "data" / "certs"
        authority, public, key = self.box.tls.server_files("good")
        for source, name in ((authority, "ca.crt"), (public, "localhost.crt"), (key, "localhost.key")):
            (certificates / name).write_bytes(source.read_bytes())
        self.tls = ssl.create_default_context(cafile=str(authority))

    def command(self, *words: str) -> list[str]:
        """`icinga2 daemon` with nothing of its own outside the folder."""
        user, group = unprivileged.names()
        constants = {"DataDir": "data", "LogDir": "log", "CacheDir": "cache", "SpoolDir": "spool", "InitRunDir": "run"}
        places = [word for name, folder in constants.items()
                  for word in ("-D", f"Configuration.{name}={self.folder / folder}")]
        return [str(self.program), "daemon", "-c", str(self.configuration), *places,
                "-D", f"Configuration.RunAsUser={user}", "-D", f"Configuration.RunAsGroup={group}", *words]

    def verify(self) -> tuple[int, str]:
        """Exit code and output of `icinga2 daemon -C`."""
        unprivileged.give(self.folder)
        done = subprocess.run(unprivileged.command(self.command("-C")), text=True, capture_output=True, check=False,
                              env=unprivileged.ENVIRONMENT)
        return done.returncode, done.stdout + done.stderr

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        self.spawn(self.command(), lambda: self.accepts(self.port), environment)

    def api(self, path: str, **body: Any) -> Any:
        """The results of one request; with a body it is a POST, else a GET."""
        request = urllib.request.Request(f"https://localhost:{self.port}/v1/{path}", headers={
            "Accept": "application/json",
            "Authorization": "Basic " + base64.b64encode(f"root:{PASSWORD}".encode()).decode()})
        if body:
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=20, context=self.tls) as answer:
                return json.load(answer)["results"]
        except urllib.error.HTTPError as failed:
            raise AssertionError(f"{path}: {failed.read().decode('utf-8', 'replace')}") from failed

    def services(self) -> dict[str, dict[str, Any]]:
        """Each service's attributes: state, last_check_result with output, performance_data, command, …"""
        return {found["attrs"]["name"]: found["attrs"] for found in self.api("objects/services")}
