"""A normal run under valgrind: no error and no leak. Sanitized builds see the same with their own means."""

from __future__ import annotations

import subprocess

from conftest import SANITIZED, Pair, PluginRunner

# A thread that sleeps until the process is gone, such as the watcher, has memory that is "possibly lost".
LEAKS = "definite,indirect"
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", f"--errors-for-leak-kinds={LEAKS}",
            f"--show-leak-kinds={LEAKS}"]

if not SANITIZED:
    def test_replication_under_valgrind(pair: Pair, plugin: PluginRunner) -> None:
        words = ["-f", str(pair.replica.monitor_file()), "--source", "auto", "-vvv", "-t", "60"]
        for more in ([], ["--output", "json"], ["--channel", "nosuch"], ["--nonsense"]):
            command = [*VALGRIND, str(plugin.path("check_mysql_replication")), *words, *more]
            run = subprocess.run(command, env=plugin.environment(), text=True, capture_output=True, timeout=120)
            assert run.returncode in range(4) and run.stderr == "", run.stderr
