"""A breakage that outlives the command that made it: a child of the box's warden holds it until the repair."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from .errors import SandboxError
from .server import Server
from .situations import SITUATIONS, Wish
from .waiting import wait_until

PROGRAM = Path(__file__).with_name("sandbox")
SECONDS = 60


def _note(server: Server) -> Path:
    return server.folder / "broken.json"


def _log(server: Server) -> Path:
    return server.folder / "broken.log"


def _complaint(server: Server) -> str:
    return _log(server).read_text("utf-8", "replace").strip().removeprefix("sandbox: ")


def situation_of(server: Server) -> str | None:
    note = _note(server)
    return str(json.loads(note.read_text())["situation"]) if note.exists() else None


def begin(server: Server, situation: str, wish: Wish) -> None:
    """Returns when the situation is there."""
    there = situation_of(server)
    if there:
        raise SandboxError(f"{server.name} is broken already ({there}): repair it first")
    _log(server).unlink(missing_ok=True)
    words = [sys.executable, str(PROGRAM), "hold", "--box", server.box.folder.name, server.name, situation]
    words += ["--channel", wish.channel] if wish.channel else []
    words += ["--seconds", str(wish.seconds)] if wish.seconds else []
    pid = server.box.ward.spawn(words, _log(server), as_user=True)
    wait_until(lambda: _note(server).exists() or not server.box.ward.running(pid), SECONDS,
               f"{situation} on {server.name}")
    if not _note(server).exists():
        raise SandboxError(_complaint(server))


def hold(server: Server, situation: str, wish: Wish) -> None:
    """Runs in the process that begin() starts."""
    # Blocked until the situation is there: a repair must not come half way.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with SITUATIONS[situation].begin(server.breakages, wish):
        fresh = _note(server).with_suffix(".new")
        fresh.write_text(json.dumps({"situation": situation, "pid": os.getpid()}))
        fresh.rename(_note(server))
        signal.sigwait({signal.SIGTERM})
    _note(server).unlink()


def end(server: Server) -> str:
    """Repairs; returns what it was."""
    if not _note(server).exists():
        raise SandboxError(f"{server.name} is not broken")
    note = json.loads(_note(server).read_text())
    server.box.ward.signal(note["pid"], signal.SIGTERM)
    wait_until(lambda: not server.box.ward.running(note["pid"]), SECONDS, f"repair of {server.name}")
    if _note(server).exists():
        _note(server).unlink()
        raise SandboxError(f"not repaired: {_complaint(server)}")
    return str(note["situation"])
