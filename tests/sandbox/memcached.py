"""A real memcached from this system's packages, on loopback or a socket, in a box's folder."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import unprivileged
from .errors import KindUnavailable, SandboxError, ServerFailed
from .waiting import wait_until

if TYPE_CHECKING:
    from .box import Sandbox

PROGRAM = Path("/usr/bin/memcached")
START_SECONDS = 10
SASL_CONFIGURATION = "mech_list: plain\nsasldb_path: {folder}/sasldb\n"


class Memcached:
    """Ready when it is made. `sasl` is (user, password); `tls` a certificate's name; `path` makes it listen on a socket."""

    host = "127.0.0.1"

    def __init__(self, box: Sandbox, name: str = "memcached", *, options: Sequence[str] = (),
                 sasl: tuple[str, str] | None = None, tls: str | None = None, unix: bool = False,
                 ipv6: bool = False) -> None:
        if not PROGRAM.exists():
            raise KindUnavailable("memcached", "it is not installed: packaging/install-dependencies demo")
        self.box, self.name = box, name
        self.folder = box.folder / name
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.host = "::1" if ipv6 else "127.0.0.1"
        self.port = 0 if unix else box.free_port()
        self.socket = self.folder / "socket" if unix else None
        self.pid = 0
        where = ["-s", str(self.socket)] if unix else ["-l", self.host, "-p", str(self.port)]
        self.argv = [*self._sasl(sasl), str(PROGRAM), "-U", "0", *where, *self._tls(tls), *options]
        unprivileged.give(self.folder)
        self.start()

    def _sasl(self, account: tuple[str, str] | None) -> list[str]:
        """What stands before the program: SASL's settings come by the environment."""
        if account is None:
            return []
        (self.folder / "memcached.conf").write_text(SASL_CONFIGURATION.format(folder=self.folder))
        user, password = account
        try:
            subprocess.run(["saslpasswd2", "-p", "-c", "-a", "memcached", "-u", socket.gethostname(), "-f",
                            str(self.folder / "sasldb"), user], input=password.encode(), check=True, capture_output=True)
        except FileNotFoundError:
            raise KindUnavailable("memcached with SASL", "no saslpasswd2: packaging/install-dependencies test") from None
        except subprocess.CalledProcessError as failed:
            raise SandboxError(f"saslpasswd2: {failed.stderr.decode()}") from failed
        return ["env", f"SASL_CONF_PATH={self.folder}"]

    def _tls(self, wanted: str | None) -> list[str]:
        if wanted is None:
            return []
        _, certificate, key = self.box.tls.server_files(wanted)
        return ["-Z", "-o", f"ssl_chain_cert={certificate},ssl_key={key}"]

    @property
    def address(self) -> str:
        return str(self.socket) if self.socket else f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def running(self) -> bool:
        return bool(self.pid) and self.box.ward.running(self.pid)

    def start(self) -> None:
        if self.socket:
            self.socket.unlink(missing_ok=True)
        sasl = ["-S"] if self.argv[0] == "env" else []
        self.pid = self.box.ward.spawn([*self.argv, *sasl], self.folder / "output.log")
        wait_until(lambda: self._accepts() or not self.running, START_SECONDS, f"{self.name} accepts connections")
        if not self.running:
            raise ServerFailed(f"{self.name} ended while starting:\n{(self.folder / 'output.log').read_text()}")

    def _accepts(self) -> bool:
        with contextlib.suppress(OSError), self.connect():
            return True
        return False

    def connect(self) -> socket.socket:
        if self.socket:
            line = socket.socket(socket.AF_UNIX)
            line.connect(str(self.socket))
            return line
        return socket.create_connection((self.host, self.port), 10)

    def kill(self) -> None:
        self.box.ward.signal(self.pid, signal.SIGKILL)
        wait_until(lambda: not self.running, 10, f"{self.name} ended")

    def restart(self) -> None:
        self.kill()
        self.start()

    def freeze(self) -> None:
        self.box.ward.signal(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        self.box.ward.signal(self.pid, signal.SIGCONT)

    # use it

    def ask(self, *commands: str) -> list[str]:
        """Text protocol; the answer's lines without the marker that ends them."""
        with self.connect() as line, line.makefile("rwb") as stream:
            stream.write("".join(f"{command}\r\n" for command in commands).encode() + b"mn\r\n")
            stream.flush()
            lines: list[str] = []
            while (answer := stream.readline().decode().rstrip("\r\n")) != "MN":
                if not answer and not stream.peek():
                    raise SandboxError(f"{self.name} closed the connection")
                lines.append(answer)
            return lines

    def gets(self, key: str, count: int) -> None:
        self.ask(*[f"get {key}"] * count)

    def sets(self, first: int, count: int, size: int) -> None:
        """Values of this size under key-FIRST and so on."""
        self.ask(*[f"set key-{number} 0 0 {size}\r\n{'x' * size}" for number in range(first, first + count)])

    def stat(self, name: str) -> str:
        found = [line.split(" ", 2)[2] for line in self.ask("stats") if line.startswith(f"STAT {name} ")]
        return found[0] if found else ""
