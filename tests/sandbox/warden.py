"""The parent of all servers of one box. It ends them and removes the box's folder when the box's owner is gone.

A program of its own, so that it outlives an owner that was killed. Usage (by box.py alone):
    warden.py FOLDER LISTENING_FD FOLDER_LOCK_FD OWNER_PID|0
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
MNT_DETACH = 2
REAP_SECONDS = 1
# Below the usual ephemeral ports, so that no outgoing connection takes the port of a stopped server.
PORTS = range(20000, 32700)


class Warden:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.children: dict[int, subprocess.Popen[bytes]] = {}
        self.reserved: dict[int, socket.socket] = {}
        self.last_number = 0

    def do_spawn(self, argv: list[str], env: dict[str, str], log: str) -> int:
        with open(log, "ab") as out:
            child = subprocess.Popen(argv, env=env, cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.children[child.pid] = child
        return child.pid

    def do_running(self, pid: int) -> bool:
        child = self.children.get(pid)
        return child is not None and child.poll() is None

    def do_exit_code(self, pid: int) -> int | None:
        child = self.children.get(pid)
        return child.poll() if child else None

    def do_signal(self, pid: int, number: int) -> bool:
        # Popen knows whether the child was reaped: a pid that was reused is never hit.
        if not self.do_running(pid):
            return False
        self.children[pid].send_signal(number)
        return True

    def do_next_number(self) -> int:
        self.last_number += 1
        return self.last_number

    def do_reserve_port(self) -> int:
        """An abstract socket's name is the reservation: the kernel drops it with this process, whatever ends it."""
        while True:
            port = random.choice(PORTS)
            mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                mark.bind(f"\0evenkeel-sandbox-port-{port}")
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            except OSError:
                mark.close()
                continue
            self.reserved[port] = mark
            return port

    def reap_orphans(self) -> None:
        """Daemons leave grandchildren, which are ours when their parents die. Popen's own are left to Popen."""
        with contextlib.suppress(ChildProcessError):
            while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                child = self.children.get(ended.si_pid)
                child.poll() if child else os.waitpid(ended.si_pid, 0)

    def answer(self, connection: socket.socket) -> bool:
        """One request, one reply. False when it was the request to end."""
        connection.settimeout(5)
        with connection, connection.makefile("rwb") as stream:
            request: dict[str, Any] = json.loads(stream.readline() or "{}")
            verb = request.pop("do", None)
            if verb == "end":
                self.end()
                reply: Any = True
            elif verb is None:
                return True
            else:
                try:
                    reply = getattr(self, f"do_{verb}")(**request)
                except OSError as error:
                    reply = {"error": str(error)}
            stream.write(json.dumps(reply).encode() + b"\n")
        return verb != "end"

    def end(self) -> None:
        while _kill_children():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, 0)
        _unmount_under(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)


def _kill_children() -> bool:
    """Grandchildren become our children when their parents die: ask again until there are none."""
    found = False
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, IndexError):
            with open(f"/proc/{entry}/stat", "rb") as stat:
                parent = int(stat.read().rpartition(b")")[2].split()[1])
            if parent == os.getpid():
                os.kill(int(entry), signal.SIGKILL)
                found = True
    return found


def _unmount_under(folder: str) -> None:
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
        # A space is written as an octal number.
        places = [line.split()[1].replace("\\040", " ") for line in mounts]
    for place in places:
        if place.startswith(folder + "/"):
            ctypes.CDLL(None).umount2(os.fsencode(place), MNT_DETACH)


def _leave(*_: object) -> None:
    raise SystemExit


def main(folder: str, listening: int, owner: int) -> None:
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    warden = Warden(folder)
    try:
        with contextlib.suppress(ProcessLookupError), socket.socket(fileno=listening) as door, \
                selectors.DefaultSelector() as waiting:
            waiting.register(door, selectors.EVENT_READ)
            if owner:
                waiting.register(os.pidfd_open(owner), selectors.EVENT_READ)
            # The pidfd may already be that of a stranger with the same number.
            while not owner or os.getppid() == owner:
                ready = [key.fileobj for key, _ in waiting.select(REAP_SECONDS)]
                warden.reap_orphans()
                if not ready:
                    continue
                if ready != [door]:
                    break
                with contextlib.suppress(OSError, ValueError):
                    if not warden.answer(door.accept()[0]):
                        return
    finally:
        warden.end()


if __name__ == "__main__":
    # The third argument is held open, not used: it keeps the folder's lock for as long as this process lives.
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[4]))
