"""A replica whose relay log has no room left. A server of its own, as it would wait a minute before it goes on."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import CannotMount
from .waiting import wait_until

if TYPE_CHECKING:
    from .box import Sandbox
    from .server import Server

DISK, ROW = "256k", 400_000


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """The warden unmounts what we cannot."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=777", "tmpfs", str(folder)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        folder.rmdir()
        raise CannotMount(f"no small disk without the right to mount one: {done.stderr.strip()}")
    try:
        yield
    finally:
        # Lazily: the kernel may close a dead server's files a moment after the server is gone.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@contextlib.contextmanager
def replica(box: Sandbox, source: Server) -> Iterator[Server]:
    with _small_disk(box.folder / "small-disk"):
        full = box.replica("disk-full", of=source, options=[f"--relay-log={box.folder / 'small-disk' / 'relay'}"])
        try:
            source.sql(["create database if not exists sandbox_full", "use sandbox_full",
                        "create table if not exists big (id int auto_increment primary key, text longtext)",
                        f"insert into big (text) values (repeat('x', {ROW}))"])
            # Not from its status: MariaDB does not answer that while it waits for room.
            wait_until(lambda: "Disk is full writing" in full.log_tail(), 20, "a full disk in the error log")
            yield full
        finally:
            box.remove(full)
            source.sql("drop database if exists sandbox_full")
