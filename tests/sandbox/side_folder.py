"""A server from another Debian suite, unpacked beside the system without touching it."""

from __future__ import annotations

import platform
import subprocess
import tempfile
from pathlib import Path

from . import cache
from .errors import KindUnavailable

# `#clear` works in a file alone. Hooks of the machine's own apt must not run for us; its proxies stay in force.
APT_CONF = """
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
#clear APT::Architectures;
#clear APT::Default-Release;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
#clear Acquire::IndexTargets::deb::DEP-11-icons-hidpi;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large;
#clear Acquire::IndexTargets::deb::Contents-deb;
#clear Acquire::IndexTargets::deb::CNF;
Dir::State "{folder}/apt";
Dir::State::lists "{folder}/apt/lists";
Dir::State::status "{folder}/apt/status";
Dir::Cache "{folder}/apt";
Dir::Cache::archives "{folder}/apt/archives";
Dir::Etc::sourcelist "{folder}/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Install-Recommends "0";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
"""
NOT_NEEDED = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/lintian", "./etc")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FETCH_SECONDS = 900


def mirror(kind: str) -> str:
    """Where this machine has its own packages from. apt reads its sources for us, in whichever format they are."""
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(
            ["apt-get", "-o", f"Dir::State::lists={empty}", "indextargets", "--no-release-info",
             "--format", "$(RELEASE)|$(COMPONENT)|$(REPO_URI)", "Created-By: Packages"],
            capture_output=True, text=True, check=False)
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    for line in done.stdout.splitlines():
        release, component, uri = line.split("|", 2)
        if release in (codename, "stable") and component == "main":
            return uri
    raise KindUnavailable(kind, f"the machine's apt sources name no mirror for {codename or 'Debian'} main")


def _apt(kind: str, conf: Path, folder: Path, *words: str) -> None:
    try:
        done = subprocess.run(["apt-get", "-c", str(conf), "-y", "-q", *words], capture_output=True, text=True,
                              check=False, timeout=FETCH_SECONDS, cwd=folder, stdin=subprocess.DEVNULL,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                                   "DEBIAN_FRONTEND": "noninteractive"})
    except subprocess.TimeoutExpired as late:
        raise KindUnavailable(kind, f"apt-get {words[0]} took more than {FETCH_SECONDS} s") from late
    complaints = [line for line in done.stderr.splitlines() if line.startswith(("E:", "W: Failed"))]
    # `update` ends with 0 although it could not get an index.
    if done.returncode != 0 or any("Failed to fetch" in line for line in complaints):
        raise KindUnavailable(kind, " ".join(complaints[:2]) or f"apt-get {words[0]} ended with {done.returncode}")


def _scratch_apt(kind: str, suite: str, folder: Path, what: str) -> Path:
    """An apt of its own, which has read the index of `what`: deb or deb-src."""
    apt = folder / "apt"
    for name in ("lists/partial", "archives/partial"):
        (apt / name).mkdir(parents=True)
    # An empty status file: nothing counts as installed, so that all that is needed is fetched, libc included.
    (apt / "status").touch()
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (apt / "sources.list").write_text(f"{what} {signed}{mirror(kind)} {suite} main\n")
    conf = apt / "apt.conf"
    conf.write_text(APT_CONF.replace("{folder}", str(folder)))
    _apt(kind, conf, folder, "update")
    return conf


def _download(kind: str, suite: str, packages: tuple[str, ...], folder: Path) -> list[Path]:
    conf = _scratch_apt(kind, suite, folder, "deb")
    _apt(kind, conf, folder, "install", "--download-only", *packages)
    return sorted((folder / "apt" / "archives").glob("*.deb"))


def source_archive(kind: str, suite: str, package: str, folder: Path) -> Path:
    """The original source of a package, as Debian has it, downloaded into the folder."""
    conf = _scratch_apt(kind, suite, folder, "deb-src")
    _apt(kind, conf, folder, "source", "--download-only", package)
    return next(folder.glob("*.orig.tar.*[!c]"))


def _unpack(archive: Path, root: Path) -> None:
    excluded = [f"--exclude={path}" for path in NOT_NEEDED]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as opened:
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "--no-same-owner", *excluded, "-C", str(root)],
                       stdin=opened.stdout, check=True)
    if opened.returncode != 0:
        raise subprocess.CalledProcessError(opened.returncode, opened.args)


def _merged_usr(root: Path) -> None:
    """Some packages still name /lib and /bin: they are links here as they are on the system."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")


def fetched(kind: str, suite: str, packages: tuple[str, ...]) -> Path:
    """The folder that holds the server and everything it needs; fetched when it is not in the cache yet."""
    def make(folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="evenkeel-apt-") as scratch:
            _merged_usr(folder)
            # apt downloads as a user of its own, which must get into the scratch folder.
            Path(scratch).chmod(0o755)
            for archive in _download(kind, suite, packages, Path(scratch)):
                _unpack(archive, folder)

    return cache.made_once(f"side-{kind}", make)


def loader(root: Path) -> tuple[str, ...]:
    """Runs a program with the side folder's own libraries, its libc included."""
    found = sorted((root / "usr/lib").glob("*/ld-linux-*.so.*"))
    return (str(found[0]), "--library-path", str(found[0].parent))
