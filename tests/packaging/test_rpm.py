"""What is in the packages for RPM distributions. None is at hand: rpmbuild made them, rpm looks into them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import run

FOLDER = "/usr/lib64/nagios/plugins/evenkeel"


def of_plugin(name: str) -> set[str]:
    return {f"{FOLDER}/{name}", f"/usr/share/man/man1/{name}.1.gz", f"/usr/share/bash-completion/completions/{name}",
            f"/usr/share/zsh/site-functions/_{name}"}


CONTENTS = {
    "libevenkeel0": {"/usr/lib64/libevenkeel.so.0", "/usr/lib64/libevenkeel.so.0.0.1.0"},
    "evenkeel-mysql": of_plugin("check_mysql_replication") | of_plugin("check_table_sync"),
    "evenkeel-apache": of_plugin("check_apache_rps"),
    "evenkeel-memcached": of_plugin("check_memcached"),
    "evenkeel-common": {"/etc/profile.d/evenkeel.sh", "/etc/nrpe.d/evenkeel.cfg", "/etc/evenkeel/evenkeel.ini",
                        "/etc/evenkeel/monitor.cnf", "/etc/evenkeel/sync.cnf", "/var/lib/evenkeel",
                        "/usr/share/man/man1/evenkeel-grant.1.gz"},
    "libevenkeel-devel": {"/usr/lib64/libevenkeel.so", "/usr/lib64/libevenkeel_mysql.a", "/usr/include/evenkeel/check.h",
                          "/usr/lib64/cmake/evenkeel/evenkeel-config.cmake", "/usr/lib64/pkgconfig/evenkeel.pc"},
    "evenkeel": {"/usr/share/doc/evenkeel/copyright"},
}
NEEDED = {
    "evenkeel-mysql": {"libevenkeel.so.0()(64bit)", "libmariadb.so.3()(64bit)", "evenkeel-common"},
    "evenkeel-apache": {"libevenkeel.so.0()(64bit)", "libcurl.so.4()(64bit)", "evenkeel-common"},
    "evenkeel-memcached": {"libevenkeel.so.0()(64bit)", "libmemcached.so.11()(64bit)", "evenkeel-common"},
    "evenkeel": {"evenkeel-mysql", "evenkeel-apache", "evenkeel-memcached"},
}


def package(rpms: Path, name: str) -> Path:
    [path] = [path for path in rpms.glob("*.rpm") if re.fullmatch(rf"{re.escape(name)}-\d.*", path.name)]
    return path


@pytest.mark.parametrize("name", CONTENTS)
def test_contents(rpms: Path, name: str) -> None:
    there = run("rpm", "-qpl", package(rpms, name)).split()
    assert CONTENTS[name] <= set(there)
    # A folder of another package is not ours to own.
    assert not {"/usr", "/etc", "/usr/lib64", "/usr/lib64/nagios", "/usr/lib64/nagios/plugins", "/etc/nrpe.d", "/usr/share",
                "/usr/share/man", "/usr/share/doc"} & set(there)
    assert not [path for path in there if "lintian" in path or "x86_64-linux-gnu" in path or "Debian" in path]


@pytest.mark.parametrize("name", NEEDED)
def test_what_it_needs(rpms: Path, name: str) -> None:
    needed = {line.split()[0] for line in run("rpm", "-qp", "--requires", package(rpms, name)).splitlines()}
    assert NEEDED[name] <= needed
    clients = {item for item in needed if re.match("lib(mysql|curl|memcached|maria)", item)}
    assert {item for item in clients if "()" in item} <= NEEDED[name]


def test_the_library_is_found_by_its_soname(rpms: Path) -> None:
    assert "libevenkeel.so.0()(64bit)" in run("rpm", "-qp", "--provides", package(rpms, "libevenkeel0")).split()
    links = re.findall(r" (\S+) -> (\S+)", run("rpm", "-qplv", package(rpms, "libevenkeel0")))
    assert links == [("/usr/lib64/libevenkeel.so.0", "libevenkeel.so.0.0.1.0")]


def test_configuration_and_modes(rpms: Path) -> None:
    told = run("rpm", "-qp", "--qf", "[%{FILENAMES} %{FILEFLAGS:fflags} %{FILEMODES:perms}\n]",
               package(rpms, "evenkeel-common"))
    files = {line.split()[0]: line.split()[1:] for line in told.splitlines()}
    assert {path: told[0] for path, told in files.items() if "c" in told[0] and len(told) == 2} == {
        path: "cn" for path in ("/etc/profile.d/evenkeel.sh", "/etc/nrpe.d/evenkeel.cfg", "/etc/evenkeel/evenkeel.ini",
                                "/etc/evenkeel/monitor.cnf", "/etc/evenkeel/sync.cnf", "/etc/evenkeel/nrpe.d/README")}
    assert {path: told[-1] for path, told in files.items() if told[-1] not in ("drwxr-xr-x", "-rw-r--r--")} == {
        "/var/lib/evenkeel": "drwxrwxrwt", "/usr/share/evenkeel/evenkeel-grant": "-rwxr-xr-x",
        **{f"/etc/evenkeel/{name}": "-rw-r-----" for name in ("evenkeel.ini", "monitor.cnf", "sync.cnf")}}


def test_commands_name_the_plugins_where_they_are(rpms: Path, tmp_path: Path) -> None:
    run("sh", "-c", f"rpm2archive - < {package(rpms, 'evenkeel-common')} | tar -xz", cwd=tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.suffix in (".cfg", ".sh", ".conf"):
            assert "/usr/lib/nagios" not in path.read_text(), path
    assert f"{FOLDER}/check_memcached " in (tmp_path / "etc/nrpe.d/evenkeel.cfg").read_text()
