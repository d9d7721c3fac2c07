"""Talks to a box's warden."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import unprivileged
from .errors import SandboxError

PROGRAM = Path(__file__).with_name("warden.py")


class Ward:
    def __init__(self, folder: Path) -> None:
        self.door = folder / "warden"

    @classmethod
    def begin(cls, folder: Path, folder_lock: int, *, owned: bool) -> Ward:
        """Starts the warden. The door is opened here, so that nobody has to wait for the warden to be up."""
        ward = cls(folder)
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(ward.door))
            ward.door.chmod(0o600)
            door.listen(64)
            arguments = [str(folder), str(door.fileno()), str(folder_lock), str(os.getpid() if owned else 0)]
            # Its own session and no inherited pipes: a Ctrl-C must not reach it, and `sandbox start | less` must end.
            subprocess.Popen([sys.executable, "-I", "-S", str(PROGRAM), *arguments],
                             pass_fds=(door.fileno(), folder_lock), start_new_session=True, cwd="/",
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(folder_lock)
        return ward

    def _ask(self, do: str, **arguments: Any) -> Any:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(30)
                line.connect(str(self.door))
                with line.makefile("rwb") as stream:
                    stream.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
                    stream.flush()
                    reply = json.loads(stream.readline())
        except (OSError, ValueError) as error:
            raise SandboxError(f"the warden of {self.door.parent} does not answer: {error}") from error
        if isinstance(reply, dict):
            raise SandboxError(reply["error"])
        return reply

    def spawn(self, argv: Sequence[str], log: Path, *, as_user: bool = False, path: str = "") -> int:
        """Unprivileged, or as the user who runs us. `path` is one more folder to find programs in."""
        whole = list(argv) if as_user else unprivileged.command(argv)
        environment = dict(os.environ) if as_user else dict(unprivileged.ENVIRONMENT)
        environment["PATH"] += f":{path}" if path else ""
        return int(self._ask("spawn", argv=whole, env=environment, log=str(log)))

    def running(self, pid: int) -> bool:
        return bool(self._ask("running", pid=pid))

    def exit_code(self, pid: int) -> int | None:
        code = self._ask("exit_code", pid=pid)
        return None if code is None else int(code)

    def signal(self, pid: int, number: int) -> bool:
        return bool(self._ask("signal", pid=pid, number=int(number)))

    def reserve_port(self) -> int:
        return int(self._ask("reserve_port"))

    def next_number(self) -> int:
        return int(self._ask("next_number"))

    def end(self) -> None:
        """Everything is stopped and the box's folder is gone when this returns."""
        self._ask("end")
