"""The plugin that CONTRIBUTING.md shows is whole: it builds with the project's flags and does its job."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from conftest import BUILD, TESTS, PluginRunner
from sandbox import Sandbox

NAME = "check_mysql_connections"


def example_in_contributing() -> str:
    text = (TESTS.parent / "CONTRIBUTING.md").read_text()
    blocks = re.findall(r"```cpp\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


def flags_of_this_build() -> list[str]:
    cache = (BUILD / "CMakeCache.txt").read_text()
    found = re.search(r"^CMAKE_CXX_FLAGS:[A-Z]+=(.*)$", cache, re.MULTILINE)
    compiler = re.search(r"^CMAKE_CXX_COMPILER:[A-Z]+=(.*)$", cache, re.MULTILINE)
    assert found and compiler
    return [compiler[1], *found[1].split()]


def test_the_example_builds_and_runs(plugin: PluginRunner, box: Sandbox, tmp_path: Path) -> None:
    server = box.server("db1")
    source = tmp_path / "main.cpp"
    source.write_text(example_in_contributing())
    program = tmp_path / NAME
    common = TESTS.parent / "common"
    subprocess.run([*flags_of_this_build(), "-std=c++20", f"-I{common}/include", f"-I{common}/probes/mysql/include",
                    source, "-o", program, BUILD / "common/probes/mysql/libevenkeel_mysql.a", "-lmysqlcppconn",
                    f"-L{BUILD}/common", "-levenkeel", f"-Wl,-rpath,{BUILD}/common", "-pthread"], check=True)

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *map(str, arguments)], env=plugin.environment(), text=True, capture_output=True)

    good = run("-s", server.socket, "-u", "root")
    assert good.returncode == 0, good.stdout
    assert re.fullmatch(r"MYSQL_CONNECTIONS OK - localhost: [\d.]+ % of connections in use"
                        r" \| connections_used=[\d.]+%;80;95;0;100\n", good.stdout)
    assert run("-s", server.socket, "-u", "root", "-w", "0").returncode == 1
    assert run("-H", f"127.0.0.1:{box.free_port()}").returncode == 2
    assert run("--help").returncode == 3
