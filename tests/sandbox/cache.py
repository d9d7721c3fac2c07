"""Things that are made once and kept outside the tree: side folders, template data directories, certificates."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .unprivileged import may_traverse


def cache_root() -> Path:
    named = os.environ.get("EVENKEEL_CACHE")
    if named:
        root = Path(named).absolute()
    elif os.geteuid() == 0:
        root = Path("/var/cache/evenkeel-tests")
    else:
        root = Path.home() / ".cache" / "evenkeel-tests"
    root.mkdir(parents=True, exist_ok=True)
    may_traverse(root)
    return root


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    with open(cache_root() / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _used(folder: Path) -> Path:
    # Somebody else's cache may be read-only for us.
    with contextlib.suppress(PermissionError):
        os.utime(folder)
    return folder


def forget_unused(pattern: str, days: int = 7) -> None:
    """Removes what an older recipe made and nobody has asked for since."""
    for folder in cache_root().glob(pattern):
        if folder.is_dir() and time.time() - folder.stat().st_mtime > days * 86400:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_name(f"{folder.name}.lock").unlink(missing_ok=True)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` in the cache. `make` fills an empty folder, which gets its name only when it is complete."""
    finished = cache_root() / name
    if finished.is_dir():
        return _used(finished)
    with locked(name):
        if finished.is_dir():
            return _used(finished)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{name}.new-", dir=cache_root()))
        unfinished.chmod(0o755)
        try:
            make(unfinished)
            unfinished.rename(finished)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    return finished
