"""A real Nagios in a box's folder. A time unit is one second: `check_interval 5` is every five seconds."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import unprivileged
from .daemon import Daemon

if TYPE_CHECKING:
    from .box import Sandbox

PROGRAM = Path("/usr/sbin/nagios4")
CONFIGURATION = """
{objects}
resource_file={folder}/resource.cfg
log_file={folder}/nagios.log
object_cache_file={folder}/objects.cache
precached_object_file={folder}/objects.precache
status_file={folder}/status.dat
status_update_interval=1
temp_file={folder}/nagios.tmp
temp_path={folder}/tmp
check_result_path={folder}/results
state_retention_file={folder}/retention.dat
retain_state_information=0
lock_file={folder}/pid
command_file={folder}/command
query_socket={folder}/query
nagios_user={user}
nagios_group={group}
interval_length=1
check_external_commands=1
enable_notifications=0
execute_host_checks=0
enable_flap_detection=0
check_for_updates=0
use_syslog=0
log_initial_states=0
log_passive_checks=0
service_check_timeout=120
service_inter_check_delay_method=n
max_service_check_spread=1
max_concurrent_checks=0
illegal_macro_output_chars=`~$&|'"<>
"""
# As Debian's nagios.cfg names them: users build on what is in them, and nothing may collide with it.
DEBIAN = """
cfg_dir=/etc/nagios-plugins/config
cfg_file=/etc/nagios4/objects/commands.cfg
cfg_file=/etc/nagios4/objects/contacts.cfg
cfg_file=/etc/nagios4/objects/timeperiods.cfg
cfg_file=/etc/nagios4/objects/templates.cfg
"""


class Nagios(Daemon):
    """`objects` are files with definitions, `more` is text of the same kind; `plugins` is $USER1$."""

    def __init__(self, box: Sandbox, name: str = "nagios", *, plugins: Path, objects: Sequence[Path] = (),
                 more: str = "") -> None:
        super().__init__(box, name, PROGRAM)
        for folder in ("tmp", "results"):
            (self.folder / folder).mkdir()
        (self.folder / "resource.cfg").write_text(f"$USER1$={plugins}\n")
        (self.folder / "more.cfg").write_text(more)
        user, group = unprivileged.names()
        mine = [self.readable(path) for path in objects]
        files = DEBIAN + "".join(f"cfg_file={path}\n" for path in (self.folder / "more.cfg", *mine))
        self.configuration = self.folder / "nagios.cfg"
        self.configuration.write_text(CONFIGURATION.format(objects=files, folder=self.folder, user=user, group=group))

    def verify(self) -> str:
        """What `nagios4 -v` says about the configuration."""
        unprivileged.give(self.folder)
        done = subprocess.run(unprivileged.command([str(self.program), "-v", str(self.configuration)]), text=True,
                              capture_output=True, check=False, env=unprivileged.ENVIRONMENT)
        return done.stdout + done.stderr

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        status = self.folder / "status.dat"
        status.unlink(missing_ok=True)
        self.spawn([str(self.program), str(self.configuration)], status.exists, environment)

    def check_now(self, host: str, service: str) -> None:
        """As an operator does who does not want to wait for the next regular check."""
        now = int(time.time())
        with open(self.folder / "command", "w") as door:
            door.write(f"[{now}] SCHEDULE_FORCED_SVC_CHECK;{host};{service};{now}\n")

    def services(self) -> dict[str, dict[str, str]]:
        """Each service as status.dat has it: current_state, plugin_output, performance_data, last_check, …"""
        return {found["service_description"]: found for found in blocks(self.folder / "status.dat", "servicestatus")}


def blocks(path: Path, kind: str) -> list[dict[str, str]]:
    """The blocks of one kind in a file that Nagios writes. It replaces the file as a whole."""
    found: list[dict[str, str]] = []
    block: dict[str, str] | None = None
    for line in path.read_text("utf-8", "replace").splitlines() if os.path.exists(path) else ():
        line = line.strip()
        if line == f"{kind} {{":
            block = {}
        elif line == "}" and block is not None:
            found.append(block)
            block = None
        elif block is not None:
            name, _, value = line.partition("=")
            block[name] = value
    return found
