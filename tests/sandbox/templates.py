"""One initialised data directory per kind and version, copied for each server."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from . import cache, mariadb, mysql, unprivileged
from .kinds import Programs

FAMILIES = {"mariadb": mariadb, "mysql": mysql}


def _recipe(programs: Programs) -> str:
    """A template made by an older recipe must not be used."""
    sources = [Path(FAMILIES[programs.kind.family].__file__), Path(__file__)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:10]


def data_dir(programs: Programs) -> Path:
    def make(folder: Path) -> None:
        data = folder / "data"
        data.mkdir(mode=0o700)
        unprivileged.give(data)
        FAMILIES[programs.kind.family].initialise(programs, data)
        cache.forget_unused("template-*")

    name = f"template-{programs.kind.name}-{programs.version}-{_recipe(programs)}"
    return cache.made_once(name, make) / "data"


def copy(data: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", "--reflink=auto", str(data), str(target)], check=True)
