"""What is made of the plugins' own descriptions says what the plugins say, and works."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import subprocess
import time
from pathlib import Path

import pytest
from conftest import BUILD, TESTS, run

ROOT = TESTS.parent
OUT = BUILD / "packaging"
PLUGINS = sorted(path.stem for path in (OUT / "descriptions").glob("*.json"))
SECONDS = 30


def options_of(plugin: str) -> set[str]:
    description = json.loads((OUT / "descriptions" / f"{plugin}.json").read_text())
    return {f"--{option['name']}" for option in (*description["options"], *description["common_options"])}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_description_is_what_help_says(plugin: str) -> None:
    told = subprocess.run([BUILD / "plugins" / plugin / plugin, "--help"], capture_output=True, text=True, check=False).stdout
    assert set(re.findall(r"^ (?:-\w, |    )(--[a-z-]+)", told, re.MULTILINE)) == options_of(plugin)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_each_option_is_in_man_page_and_completion(plugin: str) -> None:
    page = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", OUT / "man" / f"{plugin}.1"],
                          capture_output=True, text=True, check=True, env={**os.environ, "MANWIDTH": "200", "GROFF_NO_SGR": "1"})
    assert page.stderr == ""
    text = re.sub(".\b", "", page.stdout)
    for made in (text, (OUT / "bash" / plugin).read_text(), (OUT / "zsh" / f"_{plugin}").read_text()):
        assert not {option for option in options_of(plugin) if not re.search(rf"{option}\b", made)}
    run("bash", "-n", OUT / "bash" / plugin)
    run("zsh", "-n", OUT / "zsh" / f"_{plugin}")


def test_the_man_page_of_evenkeel_grant_has_all_that_its_help_says() -> None:
    page = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", OUT / "man" / "evenkeel-grant.1"],
                          capture_output=True, text=True, check=True, env={**os.environ, "MANWIDTH": "200", "GROFF_NO_SGR": "1"})
    assert page.stderr == ""
    shown = " ".join(re.sub(".\b", "", page.stdout).split()).replace("\u2010 ", "")  # words that were divided
    told = run("sh", ROOT / "nrpe-config/grants/evenkeel-grant", "--help")
    for block in told.replace("usage:", "").split("\n\n"):
        for sentence in re.split(r"[.\n]", block):
            assert " ".join(sentence.split()) in shown, sentence
    assert {*re.findall(r"--[a-z-]+", told)} <= {*re.findall(r"--[a-z-]+", shown)}


def test_the_readme_is_not_stale() -> None:
    readme = (ROOT / "README.md").read_text()
    assert set(re.findall("^<!-- options of (.*) -->$", readme, re.MULTILINE)) == {*PLUGINS, "every-plugin"}
    run(ROOT / "packaging/generate/generate", "readme", "--check", ROOT / "README.md",
        *(OUT / "descriptions" / f"{plugin}.json" for plugin in PLUGINS))


# A key that shows the line as it stands; Tab completes it before.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             "source /usr/share/bash-completion/bash_completion; source {out}/bash/{plugin};"
             " bind -x '\"\\C-t\": echo \"<$READLINE_LINE>\"'"),
    "zsh": (["zsh", "-f", "-i"],
            "fpath=({out}/zsh $fpath); autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' insert-tab false;"
            " show() {{ print; print -r -- \"<$BUFFER>\" }}; zle -N show; bindkey '^T' show"),
}


def completed(shell: str, plugin: str, line: str) -> str:
    """The line after the Tab key, in a real interactive shell."""
    command, setup = SHELLS[shell]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, {**os.environ, "TERM": "dumb", "PS1": "> ", "HISTFILE": "/dev/null", "LC_ALL": "C"})
    told = ""

    def wait_for(pattern: str) -> re.Match[str]:
        nonlocal told
        until = time.monotonic() + SECONDS
        while not (found := re.search(pattern, told)):
            assert time.monotonic() < until, f"{shell} said {told!r}"
            if select.select([terminal], [], [], 1)[0]:
                told += os.read(terminal, 65536).decode(errors="replace")
        return found

    try:
        os.write(terminal, (setup.format(out=shlex.quote(str(OUT)), plugin=plugin) + "; echo REA''DY\n").encode())
        wait_for("READY")
        os.write(terminal, f"{line}\t\x14".encode())
        return wait_for(f"<({plugin} [^<>]*)>")[1].rstrip()
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("plugin", "line", "after"), [
    ("check_memcached", "--no-round", "--no-round-trip"),
    ("check_memcached", "--output j", "--output json"),
    ("check_memcached", "-w hit_", "-w hit_ratio="),
    ("check_mysql_replication", "--stopped w", "--stopped warning"),
    ("check_table_sync", "--file /etc/host.con", "--file /etc/host.conf"),
    ("check_apache_rps", "--perfdata-thresholds=pl", "--perfdata-thresholds=plain")])
def test_the_tab_key_completes(shell: str, plugin: str, line: str, after: str) -> None:
    assert completed(shell, plugin, f"{plugin} {line}") == f"{plugin} {after}"
