"""A fresh Debian in a folder: made once with debootstrap, kept in the cache, copied for each test."""

from __future__ import annotations

import hashlib
import inspect
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sandbox import KindUnavailable, cache, side_folder

# What ours and its neighbours need is downloaded once, so that installing does not wait for the network.
DOWNLOADED = ("libmariadb3", "libssl3", "libcurl4", "libmemcached11", "libstdc++6",
              "monitoring-plugins-contrib", "nagios-nrpe-server", "nagios-nrpe-plugin", "nagios4-core",
              "mariadb-server", "apache2", "memcached")
TOOLS = ("g++", "cmake", "make", "pkgconf", "libmysqlcppconn-dev", "libcurl4-openssl-dev", "libmemcached-dev")
APT = ("apt-get", "-y", "-q", "--no-install-recommends")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive"}
SECONDS = 900


class RootUnavailable(Exception):
    """This machine cannot have a fresh Debian; tests skip by this reason."""


class CommandFailed(AssertionError):
    """A command inside the root failed; the message has what it said."""


def _proxies() -> dict[str, str]:
    """The way out that this machine's own apt takes."""
    named = {name: value for name, value in os.environ.items() if name.lower() in ("http_proxy", "https_proxy")}
    told = subprocess.run(["apt-config", "shell", "http_proxy", "Acquire::http::Proxy"], capture_output=True, text=True,
                          check=False).stdout.strip()
    if told and "http_proxy" not in named:
        named["http_proxy"] = told.partition("=")[2].strip("'")
    return named


def _run(argv: Sequence[object], *, environment: dict[str, str] = ENVIRONMENT) -> str:
    words = [str(word) for word in argv]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", env=environment, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise CommandFailed(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def _settle(root: Path, mirror: str, codename: str) -> None:
    signed = f"[signed-by={side_folder.KEYRING}] " if (root / str(side_folder.KEYRING).lstrip("/")).exists() else ""
    (root / "etc/apt/sources.list").write_text(f"deb {signed}{mirror} {codename} main\n")
    (root / "etc/dpkg/dpkg.cfg.d/fast").write_text("force-unsafe-io\n")
    # As packaging/install-dependencies does: no service is started.
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)


def _plain(folder: Path) -> None:
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    try:
        mirror = side_folder.mirror("a fresh Debian")
    except KindUnavailable as reason:
        raise RootUnavailable(str(reason)) from reason
    keyring = [f"--keyring={side_folder.KEYRING}"] if side_folder.KEYRING.exists() else ["--no-check-gpg"]
    environment = {**ENVIRONMENT, **_proxies()}
    try:
        _run(["debootstrap", "--variant=minbase", *keyring, codename, folder, mirror], environment=environment)
        _settle(folder, mirror, codename)
        _run(["chroot", folder, "apt-get", "-q", "update"], environment=environment)
        _run(["chroot", folder, *APT, "install", "--download-only", *DOWNLOADED], environment=environment)
    except (CommandFailed, subprocess.TimeoutExpired) as failed:
        raise RootUnavailable(f"a fresh Debian cannot be made here: {failed}") from failed


def _with_tools(folder: Path) -> None:
    folder.rmdir()
    _run(["cp", "-a", _made("plain"), folder])
    try:
        _run(["chroot", folder, *APT, "install", *TOOLS], environment={**ENVIRONMENT, **_proxies()})
    except (CommandFailed, subprocess.TimeoutExpired) as failed:
        raise RootUnavailable(f"compilers cannot be had here: {failed}") from failed


_unavailable: dict[str, RootUnavailable] = {}


def _made(which: str) -> Path:
    """The cached one. What could not be made once is not tried again by the next test."""
    if which in _unavailable:
        raise _unavailable[which]
    steps = "".join(inspect.getsource(step) for step in (_settle, _plain, _with_tools))
    recipe = hashlib.sha256(f"{DOWNLOADED} {TOOLS} {steps}".encode()).hexdigest()[:10]
    if not (cache.cache_root() / f"root-{which}-{recipe}").exists():
        cache.forget_unused("root-*")
    try:
        return cache.made_once(f"root-{which}-{recipe}", _plain if which == "plain" else _with_tools)
    except RootUnavailable as reason:
        _unavailable[which] = reason
        raise


class FreshRoot:
    """root.run("dpkg", "-l") runs in there as root, root.run_as(USER, …) as another; root / "etc" is a path outside."""

    def __init__(self, *, tools: bool = False) -> None:
        if os.geteuid() != 0:
            raise RootUnavailable("a fresh Debian needs root, for chroot")
        if not shutil.which("debootstrap", path=ENVIRONMENT["PATH"]):
            raise RootUnavailable("debootstrap is not installed: packaging/install-dependencies test")
        made = _made("tools" if tools else "plain")
        cache.forget_unused("used-root-*", days=1)
        self.folder = Path(tempfile.mkdtemp(prefix="used-root-", dir=cache.cache_root()))
        self.folder.chmod(0o755)
        # dpkg replaces what it upgrades, so that /usr can be shared with the cached one; what programs write to cannot.
        for entry in made.iterdir():
            _run(["cp", "-al" if entry.name == "usr" else "-a", entry, self.folder / entry.name])

    def __truediv__(self, path: str) -> Path:
        return self.folder / path

    def run(self, *argv: object) -> str:
        return _run(["chroot", self.folder, *argv])

    def run_as(self, user: int, *argv: object) -> subprocess.CompletedProcess[str]:
        """As a user that nothing in there knows, with its exit code."""
        return subprocess.run(["chroot", f"--userspec={user}:{user}", "--groups=", self.folder, *map(str, argv)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, env=ENVIRONMENT, timeout=60,
                              check=False)

    def install(self, *packages: Path | str) -> str:
        """Files of packages, or names; what they depend on comes along."""
        words = []
        for package in packages:
            if isinstance(package, Path):
                (self / "packages").mkdir(exist_ok=True)
                shutil.copy(package, self / "packages")
                words.append(f"./packages/{package.name}")
            else:
                words.append(package)
        return self.run(*APT, "install", "--allow-downgrades", *words)

    def paths(self) -> dict[str, str]:
        """Mode, owner and kind of all there is, but for what package tools keep for themselves."""
        told = self.run("find", "/", "-xdev", "(", "-path", "/var/lib/dpkg", "-o", "-path", "/var/lib/apt", "-o", "-path",
                        "/var/cache", "-o", "-path", "/var/log", "-o", "-path", "/packages", "-o", "-path", "/proc", "-o",
                        "-path", "/sys", "-o", "-path", "/dev", ")", "-prune", "-o", "-printf", "%p\t%M %U:%G\n")
        return dict(line.split("\t") for line in told.splitlines())

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
