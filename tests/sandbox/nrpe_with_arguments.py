"""An NRPE that takes arguments from the network, as RPM distributions ship it: built from Debian's own source.

Debian leaves it out for safety's sake. What evenkeel offers to those who have it must hold all the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import cache, side_folder
from .errors import KindUnavailable

KIND = "nrpe with arguments"
NAME = "nrpe-arguments-1"


@dataclass(frozen=True)
class ProgramsWithArguments:
    nrpe: Path
    check_nrpe: Path


def _run(folder: Path, *argv: str) -> None:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": str(folder)})
    if done.returncode != 0:
        raise KindUnavailable(KIND, f"{argv[0]}: {(done.stderr or done.stdout)[-300:]}")


def _make(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="evenkeel-nrpe-") as scratch:
        # apt downloads as a user of its own, which must get into the scratch folder.
        Path(scratch).chmod(0o755)
        archive = side_folder.source_archive(KIND, "bookworm", "nagios-nrpe", Path(scratch))
        _run(Path(scratch), "tar", "-xf", str(archive))
        tree = next(path.parent for path in Path(scratch).glob("*/configure"))
        _run(tree, "./configure", "--enable-command-args", "--disable-ssl")
        _run(tree, "make", "all")
        for program in ("nrpe", "check_nrpe"):
            shutil.copy(tree / "src" / program, folder / program)
            os.chmod(folder / program, 0o755)


def built() -> ProgramsWithArguments:
    """Fetched and built when it is not in the cache yet, in ten seconds."""
    folder = cache.made_once(NAME, _make)
    return ProgramsWithArguments(folder / "nrpe", folder / "check_nrpe")
