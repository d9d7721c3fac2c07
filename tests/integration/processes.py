"""What the kernel says of processes."""

from __future__ import annotations

import os
from pathlib import Path


def _stat(pid: int | str) -> list[str]:
    """The fields of /proc/PID/stat from the state on: what is before it may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def children_of(parent: int) -> dict[int, str]:
    """The children of a process, and the state of each."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            state, ppid = _stat(entry)[:2]
        except OSError:
            continue
        if int(ppid) == parent:
            found[int(entry)] = state
    return found


def parent_of(pid: int) -> int:
    return int(_stat(pid)[1])


def resident_kib(pid: int) -> int:
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])


def seconds_of_the_reaped(pid: int) -> float:
    """CPU of the children of a process that have ended, and of theirs."""
    user, system = _stat(pid)[13:15]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
