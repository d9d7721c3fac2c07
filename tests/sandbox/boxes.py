"""Where boxes live: one folder per box, in memory where there is room for it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .errors import BoxExists, SandboxError
from .unprivileged import may_traverse

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,23}")
ROOM_WANTED = 2 * 1024**3
# sun_path holds 107 bytes; the rest is for BOX/SERVER/socket.
LONGEST_BASE = 50


def base() -> Path:
    """The folder of all this user's boxes."""
    shm, temporary = Path("/dev/shm"), Path(tempfile.gettempdir())
    named = os.environ.get("EVENKEEL_BOXES")
    roomy = shm.is_dir() and os.access(shm, os.W_OK | os.X_OK) and shutil.disk_usage(shm).free > ROOM_WANTED
    parent = Path(named) if named else shm if roomy else temporary
    if len(os.fsencode(parent)) > LONGEST_BASE:
        parent = Path("/tmp")
    folder = parent / f"evenkeel-{os.geteuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise SandboxError(f"{folder} belongs to somebody else")
    may_traverse(folder)
    return folder


@contextlib.contextmanager
def _base_locked() -> Iterator[Path]:
    """Between making a folder and locking it, no other process may take it for an abandoned one."""
    folder = base()
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(handle)


def _lock(folder: Path) -> int | None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle
    except BlockingIOError:
        os.close(handle)
        return None


def _sweep(parent: Path) -> None:
    """Folders whose warden was killed before it could clean up; their servers died with it."""
    for folder in parent.iterdir():
        handle = _lock(folder) if folder.is_dir() else None
        if handle is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)


def make_folder(name: str | None) -> tuple[Path, int]:
    """A new box folder and the handle that holds its lock."""
    if name is not None and not NAME.fullmatch(name):
        raise SandboxError(f"not a name for a box or server: {name!r}")
    with _base_locked() as parent:
        _sweep(parent)
        try:
            if name is None:
                folder = Path(tempfile.mkdtemp(prefix=".", dir=parent))
            else:
                folder = parent / name
                folder.mkdir()
        except FileExistsError as there:
            raise BoxExists(f"a box named {name} is already there") from there
        folder.chmod(0o755)
        handle = _lock(folder)
        assert handle is not None
        return folder, handle


def lived_in() -> list[Path]:
    """The folders of named boxes whose warden lives."""
    with _base_locked() as parent:
        _sweep(parent)
        return sorted(folder for folder in parent.iterdir() if folder.is_dir() and not folder.name.startswith("."))
