"""Servers never run as root: they are started by root, or by whoever runs the tests, as somebody harmless."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .errors import SandboxError

# Servers speak the user's language where they can; tests read what they say.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def names() -> tuple[str, str]:
    """User and group that servers run as, for programs that want to be told."""
    user = _nobody() if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return user.pw_name, grp.getgrgid(user.pw_gid).gr_name


def command(argv: Sequence[str]) -> list[str]:
    """argv as the unprivileged user; it dies with its parent, whatever becomes of the parent."""
    drop = ["setpriv", "--pdeathsig", "KILL"]
    if os.geteuid() == 0:
        user = _nobody()
        drop += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*drop, "--", *argv]


def give(path: Path) -> None:
    """Makes the unprivileged user the owner of everything under path."""
    if os.geteuid() != 0:
        return
    user = _nobody()
    os.chown(path, user.pw_uid, user.pw_gid)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            os.chown(os.path.join(folder, name), user.pw_uid, user.pw_gid, follow_symlinks=False)


def run(argv: Sequence[str], *, stdin: bytes | None = None, seconds: float = 120) -> None:
    """Runs a command to its end and raises with its output if it fails."""
    try:
        done = subprocess.run(command(argv), input=stdin or b"", env=ENVIRONMENT, timeout=seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired as late:
        raise SandboxError(f"{argv[0]} took more than {seconds} s") from late
    if done.returncode != 0:
        tail = "\n".join(done.stdout.decode("utf-8", "replace").splitlines()[-30:])
        raise SandboxError(f"{argv[0]} ended with {done.returncode}:\n{tail}")


def may_traverse(folder: Path) -> None:
    """A root's umask of 077 must not keep the unprivileged user out of a folder we made."""
    if os.geteuid() == 0 and folder.stat().st_uid == 0:
        folder.chmod(folder.stat().st_mode | 0o755)
