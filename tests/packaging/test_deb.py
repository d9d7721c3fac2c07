"""What is in the packages for Debian, and what they ask for, without installing them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import BUILD, PACKAGES, Debs, run

FOLDER = "/usr/lib/nagios/plugins/evenkeel"
LIBRARIES = f"/usr/lib/{run('dpkg-architecture', '-qDEB_HOST_MULTIARCH').strip()}"
HEADERS = {"check.h", "options.h", "report.h", "mysql/sql_session.h", "http/http_client.h", "memcached/memcached_client.h"}


def of_plugin(name: str) -> set[str]:
    return {f"{FOLDER}/{name}", f"/usr/share/man/man1/{name}.1.gz", f"/usr/share/bash-completion/completions/{name}",
            f"/usr/share/zsh/vendor-completions/_{name}"}


CONTENTS = {
    "libevenkeel0": {f"{LIBRARIES}/libevenkeel.so.0", f"{LIBRARIES}/libevenkeel.so.0.0.1.0"},
    "evenkeel-mysql": of_plugin("check_mysql_replication") | of_plugin("check_table_sync"),
    "evenkeel-apache": of_plugin("check_apache_rps"),
    "evenkeel-memcached": of_plugin("check_memcached"),
    "evenkeel-common": {
        "/etc/profile.d/evenkeel.sh", "/etc/nagios/nrpe.d/evenkeel.cfg", "/etc/evenkeel/evenkeel.ini",
        "/etc/evenkeel/monitor.cnf", "/etc/evenkeel/sync.cnf", "/etc/evenkeel/nrpe.d/README",
        "/usr/share/man/man1/evenkeel-grant.1.gz",
        "/usr/share/evenkeel/nagios/evenkeel.cfg", "/usr/share/evenkeel/nagios/evenkeel-example.cfg",
        "/usr/share/evenkeel/icinga2/evenkeel.conf"},
    "libevenkeel-dev": {
        f"{LIBRARIES}/libevenkeel.so", f"{LIBRARIES}/libevenkeel_mysql.a", f"{LIBRARIES}/libevenkeel_http.a",
        f"{LIBRARIES}/libevenkeel_memcached.a", f"{LIBRARIES}/cmake/evenkeel/evenkeel-config.cmake",
        f"{LIBRARIES}/pkgconfig/evenkeel.pc"} | {f"/usr/include/evenkeel/{name}" for name in HEADERS},
    "evenkeel": set(),
}
# What each asks for beside libc6, libgcc-s1 and libstdc++6.
DEPENDS = {
    "libevenkeel0": set(),
    "evenkeel-common": set(),
    "evenkeel-mysql": {"evenkeel-common", "libevenkeel0", "libmariadb3", "libssl3"},
    "evenkeel-apache": {"evenkeel-common", "libevenkeel0", "libcurl4", "libssl3", "libgnutls30"},
    "evenkeel-memcached": {"evenkeel-common", "libevenkeel0", "libmemcached11", "libssl3"},
    "libevenkeel-dev": {"libevenkeel0"},
    "evenkeel": {"evenkeel-mysql", "evenkeel-apache", "evenkeel-memcached"},
}
RUNTIME = {"libc6", "libgcc-s1", "libstdc++6"}


def files_of(folder: Path) -> set[str]:
    return {f"/{path.relative_to(folder)}" for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}


def binaries(unpacked: Path) -> list[Path]:
    return [path for path in unpacked.rglob("*") if path.is_file() and not path.is_symlink()
            and path.open("rb").read(4) == b"\x7fELF"]


@pytest.mark.parametrize("name", PACKAGES)
def test_contents(unpacked: Path, name: str) -> None:
    there = files_of(unpacked / name)
    assert CONTENTS[name] <= there
    assert {f"/usr/share/doc/{name}/{file}" for file in ("copyright", "changelog.gz", "changelog.Debian.gz")} <= there
    # All else is documentation, headers and the like, and only where they belong.
    rest = re.compile(rf"/usr/share/(doc/{re.escape(name)}/|lintian/overrides/|evenkeel/)"
                      + ("|/usr/include/evenkeel/|.*/cmake/evenkeel/|.*/pkgconfig/evenkeel" if name == "libevenkeel-dev" else ""))
    assert not [file for file in there - CONTENTS[name] if not rest.match(file)]


def test_every_plugin_is_packed(unpacked: Path) -> None:
    built = {path.name for path in (BUILD / "plugins").glob("check_*") if path.name != "check_stub"}
    assert {Path(file).name for name in PACKAGES for file in files_of(unpacked / name) if FOLDER in file} == built


@pytest.mark.parametrize("name", PACKAGES)
def test_dependencies(debs: Debs, name: str) -> None:
    items = [item.strip() for item in debs.field(name, "Depends").split(",") if item.strip()]
    # Debian 13 marks libraries whose time_t became 64 bits wide.
    assert {item.split()[0].removesuffix("t64") for item in items} - RUNTIME == DEPENDS[name]
    version = debs.field(name, "Version")
    for item in items:
        if item.startswith("evenkeel") or name == "libevenkeel-dev":
            assert item.endswith(f"(= {version})")
        elif item.startswith("libevenkeel0"):
            assert item == f"libevenkeel0 (>= {version.partition('-')[0]}~)"


# What each carries of other sources; the versions are those of the machine that built it.
CARRIES = {
    "libevenkeel0": {"boost", "gcc", "glibc", "nlohmann-json"},
    "evenkeel-mysql": {"mysql-connector-c++", "gcc", "glibc"},
    "evenkeel-apache": {"gcc", "glibc"},
}


@pytest.mark.parametrize("name", PACKAGES)
def test_what_is_linked_statically_is_named(debs: Debs, name: str) -> None:
    items = [item.strip() for item in debs.field(name, "Built-Using").split(",") if item.strip()]
    assert {re.sub(r"-?[0-9.]* \(.*", "", item) for item in items} == CARRIES.get(name, set())
    for item in items:
        source, version = re.fullmatch(r"(\S+) \(= (\S+)\)", item).groups()  # type: ignore[union-attr]
        assert f"{source} {version}\n" in run("dpkg-query", "-W", "-f", "${source:Package} ${source:Version}\n")
    assert debs.field(name, "Section") in ("net", "libs", "libdevel", "metapackages")


@pytest.mark.parametrize("name", PACKAGES)
def test_licences_are_said_as_they_are(unpacked: Path, name: str) -> None:
    text = (unpacked / name / f"usr/share/doc/{name}/copyright").read_text()
    for words in ("2013-2022 Niels Lohmann", "The above copyright notice and this permission notice shall be included",
                  "GCC Runtime Library Exception", "Universal FOSS Exception", "License: GPL-2\n", "License: GPL-2+\n"):
        assert words in text


def test_no_client_library_is_named_by_hand() -> None:
    for line in (BUILD / "CPackConfig.cmake").read_text().splitlines():
        if re.match(r"set\(CPACK_(DEBIAN|RPM).*_(DEPENDS|REQUIRES|RECOMMENDS)", line):
            assert not re.search("mysql(?!_PACKAGE)(?!\")(?! =)|curl|libmemcached|boost|libstdc|libc6", line), line


def test_no_file_tells_where_it_was_built(unpacked: Path) -> None:
    assert len(binaries(unpacked)) == 5
    for path in binaries(unpacked):
        told = run("readelf", "-d", path)
        assert "RPATH" not in told and "RUNPATH" not in told
        for hardened in ("BIND_NOW", "RELRO"):
            assert hardened in told + run("readelf", "-lW", path)
    for path in unpacked.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".gz":
            assert str(BUILD).encode() not in path.read_bytes(), path


def test_the_library_has_a_soname_and_says_what_it_asks_of_its_users(unpacked: Path, debs: Debs, tmp_path: Path) -> None:
    [library] = [path for path in binaries(unpacked) if path.name.startswith("libevenkeel")]
    assert "Library soname: [libevenkeel.so.0]" in run("readelf", "-d", library)
    run("dpkg-deb", "-e", debs["libevenkeel0"], tmp_path)
    assert (tmp_path / "shlibs").read_text() == "libevenkeel 0 libevenkeel0 (>= 0.1.0~)\n"


def test_configuration_is_conffiles_and_secrets_are_not_for_all(debs: Debs, unpacked: Path, tmp_path: Path) -> None:
    run("dpkg-deb", "-e", debs["evenkeel-common"], tmp_path)
    assert set((tmp_path / "conffiles").read_text().split()) == {
        file for file in files_of(unpacked / "evenkeel-common") if file.startswith("/etc/")}
    listed = run("dpkg-deb", "-c", debs["evenkeel-common"])
    modes = {line.split()[-1]: line.split()[:2] for line in listed.splitlines()}
    for name in ("evenkeel.ini", "monitor.cnf", "sync.cnf"):
        assert modes[f"./etc/evenkeel/{name}"] == ["-rw-r-----", "root/root"]
    assert {owner for _, owner in modes.values()} == {"root/root"}


@pytest.fixture(scope="module")
def lintian(debs: Debs) -> list[str]:
    """What it says, information included."""
    done = subprocess.run(["lintian", "--allow-root", "-I", *debs.some(*PACKAGES)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_lintian_finds_no_error_and_no_warning(lintian: list[str]) -> None:
    assert [line for line in lintian if not line.startswith("I: ")] == []


def test_every_override_has_a_reason_and_a_use(lintian: list[str], unpacked: Path) -> None:
    for path in unpacked.glob("*/usr/share/lintian/overrides/*"):
        lines = path.read_text().splitlines()
        assert all(before.startswith("#") for before, line in zip(["", *lines], lines) if not line.startswith("#"))
    assert [line for line in lintian if "override" in line] == []


def test_the_changelog_is_of_this_version(debs: Debs, unpacked: Path) -> None:
    log = unpacked / "evenkeel/usr/share/doc/evenkeel/changelog.Debian.gz"
    newest = run("sh", "-c", f"zcat {log} | dpkg-parsechangelog -l - -S Version").strip()
    assert newest == debs.field("evenkeel", "Version")
