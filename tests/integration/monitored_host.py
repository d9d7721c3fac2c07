"""A host as an administrator sets it up for monitoring: servers, evenkeel installed, its configuration filled in."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from conftest import BUILD, TESTS
from sandbox import Sandbox, Server, unprivileged
from sandbox.apache import Apache
from sandbox.memcached import Memcached
from sandbox.nrpe import CHECK_NRPE, Nrpe
from sandbox.nrpe_with_arguments import ProgramsWithArguments

ROOT = TESTS.parent
PLUGINS = ("check_mysql_replication", "check_table_sync", "check_apache_rps", "check_memcached")
MONITOR, SYNC = "evenkeel_monitor", "evenkeel_sync"
PASSWORD = "word-of-the-test"
PACKAGES = ("library", "common", "mysql", "apache", "memcached")


def statements_of(family: str, password: str = PASSWORD) -> list[str]:
    """The shipped GRANT script of a family of servers, statement by statement."""
    script = (ROOT / "nrpe-config" / "grants" / f"{family}.sql").read_text().replace("CHANGE-ME", password)
    lines = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    return [text.strip() for text in lines.split(";") if text.strip()]


def granted(server: Server, without: str = "") -> None:
    """Runs the shipped GRANT script there, all of it or without one statement."""
    statements = statements_of(server.family)
    assert not without or without in statements, f"{without!r} is none of {statements}"
    server.sql(["set sql_log_bin=0", f"drop user if exists '{MONITOR}'@'localhost', '{SYNC}'@'%'",
                *(statement for statement in statements if statement != without)])
    for account in (MONITOR, SYNC):
        server.log_in_once(account, PASSWORD)


class MonitoredHost:
    """What Debian's packages hold, below a root of its own. Nothing is configured yet."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.root = box.folder / "root"
        for package in PACKAGES:
            subprocess.run(["cmake", "--install", BUILD, "--strip", "--prefix", self.root, "--component", f"deb_{package}"],
                           check=True, stdout=subprocess.DEVNULL)
        self.plugins = self.root / "usr/lib/nagios/plugins"
        self.etc = self.root / "etc/evenkeel"
        self.objects = self.root / "usr/share/evenkeel"
        self.library = next((self.root / "usr/lib").glob("*/libevenkeel.so.*")).parent
        (self.plugins / "check_nrpe").symlink_to(CHECK_NRPE)
        self.shipped = self.below_root(self.etc / "evenkeel.ini")
        self.settings: dict[str, dict[str, object]] = {}
        self.state = box.folder / "state"
        for folder in (self.state, self.etc / "instances"):
            folder.mkdir()
        self.own()

    def own(self) -> None:
        """As on a real host: nrpe's user may read the configuration, and write nothing but its state."""
        for folder in (self.state, self.etc):
            unprivileged.give(folder)
        for path in self.etc.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o400)

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_LIBRARY_PATH": str(self.library), "EVENKEEL_STATE_DIR": str(self.state)}

    def write(self, name: str, text: str) -> Path:
        path = self.etc / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        self.own()
        return path

    def below_root(self, path: Path) -> str:
        """A file's text with the two paths replaced that nrpe-config/README.md names, and nothing else."""
        text = path.read_text()
        for folder in ("/usr/lib/nagios/plugins/evenkeel", "/etc/evenkeel"):
            text = text.replace(folder, f"{self.root}{folder}")
        return text

    def set(self, section: str, **values: object) -> None:
        """Options of a plugin in evenkeel.ini, in place of or beside the shipped ones; - is written _."""
        self.settings.setdefault(section, {}).update({key.replace("_", "-"): value for key, value in values.items()})
        lines: list[str] = []
        mine: dict[str, object] = {}
        for line in self.shipped.splitlines():
            if line.startswith("["):
                mine = self.settings.get(line.strip("[]"), {})
                lines += [line, *(f"{key} = {value}" for key, value in mine.items())]
            elif line.partition(" = ")[0] not in mine:
                lines.append(line)
        self.write("evenkeel.ini", "\n".join(lines) + "\n")

    def log_in(self, replicas: Iterable[Server], compared: Iterable[Server]) -> None:
        """The credentials of both logins, each replica an instance with its socket."""
        for replica in replicas:
            self.write(f"instances/{replica.name}.cnf",
                       f"[client]\nuser={MONITOR}\npassword={PASSWORD}\nsocket={replica.socket}\n")
        self.set("check_mysql_replication", file=self.etc / "instances" / "*.cnf")
        self.write("sync.cnf", f"[client]\nuser={SYNC}\npassword={PASSWORD}\n")
        hosts = ",".join(f"{server.host}:{server.port}" for server in compared)
        self.set("check_table_sync", hostname=hosts, table="shop.*")

    def serve(self, apache: Apache, cache: Memcached) -> None:
        self.set("check_apache_rps", port=apache.port, interval=0.2)
        self.set("check_memcached", port=cache.port)

    def run(self, words: Sequence[str]) -> str:
        """What a command prints that nrpe or a scheduler would run."""
        done = subprocess.run(unprivileged.command(list(words)), env={**unprivileged.ENVIRONMENT, **self.environment},
                              capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        return done.stdout

    def nrpe(self, name: str = "nrpe", *, arguments: ProgramsWithArguments | None = None) -> Nrpe:
        files = [self.root / "etc/nagios/nrpe.d/evenkeel.cfg"]
        if arguments:
            files.append(self.root / "usr/share/doc/evenkeel-common/examples/evenkeel-arguments.cfg")
        included = [self.write(file.name, self.below_root(file)) for file in files]
        return Nrpe(self.box, name, include=included, environment=self.environment, arguments=arguments)


class Shop:
    """A source with two replicas that hold the shop's tables, an Apache and a memcached."""

    def __init__(self, box: Sandbox) -> None:
        self.source = box.server("source")
        self.replica1, self.replica2 = (box.replica(name, of=self.source) for name in ("replica1", "replica2"))
        self.servers = [self.source, self.replica1, self.replica2]
        self.source.sql(["create database shop", "use shop", "create table shop.orders (id int primary key, note varchar(20))",
                         "insert into shop.orders select seq, concat('n', seq) from seq_1_to_2000"])
        for server in self.servers:
            granted(server)
        self.replica1.wait_in_sync()
        self.replica2.wait_in_sync()
        self.apache = Apache(box)
        self.cache = Memcached(box)

    def monitored(self, box: Sandbox) -> MonitoredHost:
        host = MonitoredHost(box)
        host.log_in([self.replica1, self.replica2], self.servers)
        host.serve(self.apache, self.cache)
        return host
