"""A real NRPE on loopback. Debian's takes no arguments; one that does is built from Debian's source, once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import unprivileged
from .daemon import Daemon
from .nrpe_with_arguments import ProgramsWithArguments

if TYPE_CHECKING:
    from .box import Sandbox

PROGRAM = Path("/usr/sbin/nrpe")
CHECK_NRPE = Path("/usr/lib/nagios/plugins/check_nrpe")
CONFIGURATION = """
pid_file={folder}/pid
log_file={folder}/nrpe.log
disable_syslog=1
server_address=127.0.0.1
server_port={port}
allowed_hosts=127.0.0.1
nrpe_user={user}
nrpe_group={group}
dont_blame_nrpe={arguments}
allow_bash_command_substitution=0
command_timeout=60
connection_timeout=300
keep_env_vars=PATH,{kept}
"""


@dataclass(frozen=True)
class NrpeAnswer:
    code: int
    output: str

    @property
    def line1(self) -> str:
        return self.output.partition("\n")[0]


class Nrpe(Daemon):
    """`include` are files as /etc/nagios/nrpe.d has them; `arguments` a build that takes them from the network."""

    def __init__(self, box: Sandbox, name: str = "nrpe", *, include: Sequence[Path] = (),
                 environment: Mapping[str, str] | None = None, arguments: ProgramsWithArguments | None = None) -> None:
        super().__init__(box, name, arguments.nrpe if arguments else PROGRAM)
        self.client = arguments.check_nrpe if arguments else CHECK_NRPE
        # That build has no TLS.
        self.plain = ["-n"] if arguments else []
        self.port = box.free_port()
        user, group = unprivileged.names()
        lines = CONFIGURATION.format(folder=self.folder, port=self.port, user=user, group=group,
                                     arguments=1 if arguments else 0, kept=",".join(environment or {}))
        self.configuration = self.folder / "nrpe.cfg"
        self.configuration.write_text(lines + "".join(f"include={path}\n" for path in include))
        self.environment = dict(environment or {})
        self.start()

    def start(self) -> None:
        self.spawn([str(self.program), *self.plain, "-c", str(self.configuration), "-f"],
                   lambda: self.accepts(self.port), self.environment)

    def ask(self, command: str, *arguments: str, options: Sequence[str] = (), seconds: float = 70) -> NrpeAnswer:
        """What check_nrpe prints and returns. Arguments go to the daemon, options to check_nrpe."""
        splice = ["-a", *arguments] if arguments else []
        done = subprocess.run([str(self.client), *self.plain, "-H", self.host, "-p", str(self.port), *options,
                               "-c", command, *splice],
                              capture_output=True, check=False, timeout=seconds,
                              env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL)
        return NrpeAnswer(done.returncode, done.stdout.decode("utf-8", "replace"))
