"""Packages made of the build under test, and fresh systems to install them on."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from fresh_root import FreshRoot, RootUnavailable  # noqa: E402

BUILD = Path(os.environ.get("EVENKEEL_BUILD", TESTS.parent / "build" / "release")).absolute()
PACKAGES = ("libevenkeel0", "evenkeel-common", "evenkeel-mysql", "evenkeel-apache", "evenkeel-memcached",
            "libevenkeel-dev", "evenkeel")


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process makes the packages, once."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group("packaging"))


def run(*argv: object, **options: object) -> str:
    """A command's output; one that fails fails the test with what it said."""
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        pytest.fail(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}")
    return str(done.stdout)


@dataclass(frozen=True)
class Debs:
    """One build's packages for Debian."""
    folder: Path

    def __getitem__(self, name: str) -> Path:
        [path] = self.folder.glob(f"{name}_*.deb")
        return path

    def some(self, *names: str) -> list[Path]:
        return [self[name] for name in names]

    def field(self, name: str, field: str) -> str:
        return run("dpkg-deb", "-f", self[name], field).strip()


def packed(generator: str, folder: Path, **changes: str) -> Path:
    """cpack on the build tree as it is; nothing is compiled again. The strictest umask must not show in packages."""
    words = [word for name, value in changes.items() for word in ("-D", f"{name}={value}")]
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-G", generator, "-B", folder, *words, cwd=BUILD, umask=0o077)
    return folder


@pytest.fixture(scope="session")
def debs(tmp_path_factory: pytest.TempPathFactory) -> Debs:
    return Debs(packed("DEB", tmp_path_factory.mktemp("deb")))


@pytest.fixture(scope="session")
def rpms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed("RPM", tmp_path_factory.mktemp("rpm"))


@pytest.fixture(scope="session")
def unpacked(debs: Debs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder per package with what it installs."""
    folder = tmp_path_factory.mktemp("unpacked")
    for name in PACKAGES:
        run("dpkg-deb", "-x", debs[name], folder / name)
    return folder


@contextlib.contextmanager
def fresh_root(*, tools: bool = False) -> Iterator[FreshRoot]:
    """A Debian on which nothing is installed but, with tools=True, compilers."""
    try:
        root = FreshRoot(tools=tools)
    except RootUnavailable as reason:
        pytest.skip(str(reason))
    try:
        yield root
    finally:
        root.remove()


@pytest.fixture
def root() -> Iterator[FreshRoot]:
    with fresh_root() as mine:
        yield mine
