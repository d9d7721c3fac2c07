"""A program that runs in a folder of its own in a box, as nobody in particular, until it is told to end."""

from __future__ import annotations

import shutil
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import unprivileged
from .errors import KindUnavailable, ServerFailed, WaitedTooLong
from .waiting import wait_until

if TYPE_CHECKING:
    from .box import Sandbox

START_SECONDS = 30
END_SECONDS = 15


class Daemon:
    """Its folder is there when it is made; start() spawns it and waits until it is ready."""

    host = "127.0.0.1"

    def __init__(self, box: Sandbox, name: str, program: Path) -> None:
        if not program.exists():
            raise KindUnavailable(name, f"{program} is missing: packaging/install-dependencies test")
        self.box, self.name, self.program = box, name, program
        self.folder = box.folder / name
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.output = self.folder / "output.log"
        self.pid = 0

    def readable(self, file: Path) -> Path:
        """A copy in the folder: a checkout may be where only its owner gets in. What is missing, the program tells."""
        return Path(shutil.copy(file, self.folder)) if file.exists() else file

    def spawn(self, argv: Sequence[str], ready: Callable[[], bool],
              environment: Mapping[str, str] | None = None) -> None:
        unprivileged.give(self.folder)
        settings = [f"{name}={value}" for name, value in (environment or {}).items()]
        self.pid = self.box.ward.spawn(["env", *settings, *argv], self.output)
        try:
            wait_until(lambda: ready() or not self.running, START_SECONDS, f"{self.name} is ready")
        except WaitedTooLong as late:
            raise ServerFailed(f"{late}\n{self.log()}") from late
        if not self.running:
            raise ServerFailed(f"{self.name} ended while starting:\n{self.log()}")

    @property
    def running(self) -> bool:
        return bool(self.pid) and self.box.ward.running(self.pid)

    def log(self) -> str:
        return "".join(log.read_text("utf-8", "replace")[-8000:] for log in sorted(self.folder.glob("*.log")))

    def accepts(self, port: int) -> bool:
        try:
            with socket.create_connection((self.host, port), 1):
                return True
        except OSError:
            return False

    def end(self) -> None:
        """In good order; nothing of it is left when this returns."""
        if self.box.ward.signal(self.pid, signal.SIGTERM):
            wait_until(lambda: not self.running, END_SECONDS, f"the end of {self.name}")
