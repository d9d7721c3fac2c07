"""MariaDB nodes of one Galera cluster.

Every node is a copy of one data directory that was in a cluster before, so that a new one needs no full state transfer:
it gets the few transactions that it missed from another node's memory.
"""

from __future__ import annotations

import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from . import cache, kinds, side_folder, templates, unprivileged
from .waiting import wait_until

if TYPE_CHECKING:
    from .box import Sandbox
    from .server import Server

KIND = kinds.DEFAULT_KIND
PACKAGE = "galera-4"
POSITION = "galera-position"
# The server insists on a program for full transfers; this one only says where the copied data stands.
TRANSFER = f"""#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in
        --role) role=$2 ;;
        --gtid) gtid=$2 ;;
        --datadir) data=$2 ;;
        --bypass) bypass=yes ;;
    esac
    shift
done
if [ "$role" = joiner ]; then
    echo "ready 127.0.0.1:1/copied"
    cat "$data/{POSITION}"
elif [ "$bypass" ]; then
    echo continue
    echo "done $gtid"
else
    exit 22
fi
"""


def _provider() -> Path:
    installed = Path("/usr/lib/galera/libgalera_smm.so")
    if installed.exists():
        return installed
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    return side_folder.fetched(PACKAGE, codename, (PACKAGE,)) / installed.relative_to("/")


def _transfer_folder() -> Path:
    def make(folder: Path) -> None:
        program = folder / "wsrep_sst_copied"
        program.write_text(TRANSFER)
        program.chmod(0o755)

    return cache.made_once("galera-transfer-2", make)


def _options(box: Sandbox, port: int, of: Server | None) -> list[str]:
    where = f"gmcast.listen_addr=tcp://127.0.0.1:{port};ist.recv_addr=127.0.0.1:{box.free_port()}"
    return [*(() if of else ("--wsrep-new-cluster",)), "--wsrep-on=ON", f"--wsrep-provider={_provider()}",
            f"--wsrep-cluster-address=gcomm://{f'127.0.0.1:{of.settings.peer_port}' if of else ''}",
            "--wsrep-cluster-name=sandbox", "--wsrep-node-address=127.0.0.1", "--wsrep-sst-method=copied",
            f"--wsrep-provider-options={where};gcache.size=4M;gcache.page_size=4M;pc.recovery=0",
            "--innodb-autoinc-lock-mode=2"]


def _data() -> Path:
    """A data directory that knows its place in a cluster, as its storage engine must."""
    def make(folder: Path) -> None:
        from .box import Sandbox
        with Sandbox() as box:
            first = _node(box, "first", None, None)
            first.stop()
            data = folder / "data"
            shutil.copytree(first.data_dir, data)
        state = dict(line.split(":", 1) for line in (data / "grastate.dat").read_text().splitlines() if ":" in line)
        (data / POSITION).write_text(f"{state['uuid'].strip()}:{state['seqno'].strip()}\n")
        for own in (*data.glob("galera.cache"), *data.glob("gvwstate.dat"), *data.glob("binlog.*")):
            own.unlink()
        unprivileged.give(data)

    plain = templates.data_dir(kinds.programs(KIND)).parent
    return cache.made_once(f"{plain.name}-galera", make) / "data"


def _node(box: Sandbox, name: str, of: Server | None, data: Path | None) -> Server:
    port = box.free_port()
    return box.add(name, KIND, _options(box, port, of), data=data, peer_port=port, path=str(_transfer_folder()))


def node(box: Sandbox, name: str, of: Server | None) -> Server:
    """The first node of a cluster, or one more beside `of`; synced when this returns."""
    added = _node(box, name, of, _data())
    wait_until(lambda: status(added)["wsrep_local_state_comment"] == "Synced", 20,
               lambda: f"{name} synced: {status(added)}")
    return added


def status(server: Server) -> dict[str, str]:
    return {row["Variable_name"]: row["Value"] for row in server.sql("show global status like 'wsrep%'")}
