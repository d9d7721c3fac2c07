"""Which servers there are, and where each one's programs are."""

from __future__ import annotations

import functools
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import side_folder, unprivileged
from .errors import KindUnavailable, SandboxError


@dataclass(frozen=True)
class Kind:
    """A version of a server and the Debian release that ships it."""
    name: str
    family: str
    program: str
    suite: str
    packages: tuple[str, ...]

    def is_of_this_system(self) -> bool:
        return self.suite == platform.freedesktop_os_release().get("VERSION_CODENAME")


@dataclass(frozen=True)
class Programs:
    """A kind as it is on this machine."""
    kind: Kind
    root: Path
    loader: tuple[str, ...]
    version: str

    def server(self) -> list[str]:
        return [*self.loader, str(self.root / self.kind.program)]


KINDS = {kind.name: kind for kind in (
    Kind("mariadb-10.11", "mariadb", "usr/sbin/mariadbd", "bookworm", ("mariadb-server-core",)),
    Kind("mariadb-11.8", "mariadb", "usr/sbin/mariadbd", "trixie", ("mariadb-server-core",)),
    Kind("mysql-9.7", "mysql", "usr/sbin/mysqld", "sid", ("mysql-server-core",)),
)}
# The system's own MariaDB.
DEFAULT_KIND = next((kind.name for kind in KINDS.values() if kind.is_of_this_system()), "mariadb-10.11")


def named(name: str) -> Kind:
    try:
        return KINDS[name]
    except KeyError:
        raise SandboxError(f"no kind {name!r}; there are {', '.join(KINDS)}") from None


def _version(command: list[str]) -> str:
    done = subprocess.run([*command, "--no-defaults", "--version"], env=unprivileged.ENVIRONMENT, check=False,
                          capture_output=True, text=True)
    found = re.search(r"Ver (\d+\.\d+\.\d+)", done.stdout)
    if not found:
        raise SandboxError(f"{command[-1]} does not tell its version: {done.stdout}{done.stderr}")
    return found[1]


def _programs(kind: Kind, root: Path, loader: tuple[str, ...]) -> Programs:
    version = _version([*loader, str(root / kind.program)])
    wanted = kind.name.rpartition("-")[2]
    if not version.startswith(wanted + "."):
        raise KindUnavailable(kind.name, f"version {version} is what there is")
    return Programs(kind, root, loader, version)


@functools.lru_cache(maxsize=None)
def _found(name: str) -> Programs | KindUnavailable:
    """Remembers a failure too: a mirror that does not answer is waited for once, not once per test."""
    kind = named(name)
    try:
        if kind.is_of_this_system():
            if not Path("/", kind.program).exists():
                raise SandboxError(f"{name} is missing: apt-get install {' '.join(kind.packages)}")
            return _programs(kind, Path("/"), ())
        root = side_folder.fetched(name, kind.suite, kind.packages)
        return _programs(kind, root, side_folder.loader(root))
    except KindUnavailable as missing:
        return missing


def programs(name: str) -> Programs:
    """Fetches the kind when it is not there yet."""
    found = _found(name)
    if isinstance(found, KindUnavailable):
        raise found
    return found
