"""One server of a box."""

from __future__ import annotations

import contextlib
import shutil
import signal
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql

from . import kinds, semi_sync, templates, unprivileged
from .breakages import Breakages
from .channel import Channel
from .errors import SandboxError, ServerFailed, WaitedTooLong
from .session import Rows, Session
from .settings import Settings
from .waiting import wait_until

if TYPE_CHECKING:
    from .box import Sandbox

START_SECONDS = 60
PORTS_TRIED = 10
BIND_FAILED = ("Address already in use", "Do you already have another")


class Server:
    host = "127.0.0.1"
    sql_errors = (pymysql.Error,)

    def __init__(self, box: Sandbox, settings: Settings) -> None:
        self.box = box
        self.settings = settings
        self.programs = kinds.programs(settings.kind)
        self.dialect = templates.FAMILIES[self.programs.kind.family]
        self.name, self.kind, self.domain = settings.name, settings.kind, settings.domain
        self.family, self.version = self.programs.kind.family, self.programs.version
        self.folder = box.folder / settings.name
        self.data_dir = self.folder / "data"
        self.socket = self.folder / "socket"
        self.error_log = self.folder / "error.log"
        self.breakages = Breakages(self)
        self._logins: dict[str, tuple[str, bool]] = {}

    @property
    def port(self) -> int:
        return self.settings.port

    @property
    def pid(self) -> int:
        return self.settings.pid

    @property
    def sources(self) -> dict[str, Server]:
        """By channel; the usual one has no name."""
        return {channel: self.box[name] for channel, name in self.settings.sources.items()}

    def __repr__(self) -> str:
        return f"<{self.name}: {self.kind} at {self.host}:{self.port}>"

    # life

    def create(self, data: Path | None = None) -> None:
        """From the kind's template, or from another data directory."""
        self.folder.mkdir()
        templates.copy(data or templates.data_dir(self.programs), self.data_dir)
        (self.folder / "tmp").mkdir()
        self.folder.chmod(0o755)
        unprivileged.give(self.folder)

    def delete(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, seconds: float = START_SECONDS) -> None:
        """Ready when it returns. Keeps its port for life; only its first start may end with another one."""
        if self.running:
            return
        if self.port:
            self._start_once(seconds)
            return
        for attempt in range(PORTS_TRIED):
            self.settings.port = self.box.free_port()
            try:
                self._start_once(seconds)
                return
            except ServerFailed as failed:
                if attempt + 1 == PORTS_TRIED or not any(text in str(failed) for text in BIND_FAILED):
                    raise

    def _start_once(self, seconds: float) -> None:
        if self.error_log.exists():
            self.error_log.rename(self.error_log.with_name("previous.log"))
        self.socket.unlink(missing_ok=True)
        argv = [*self.programs.server(), *self.dialect.options(self), *self._options()]
        self.settings.pid = self.box.ward.spawn(argv, self.error_log, path=self.settings.path)
        self.settings.write(self.folder)
        try:
            wait_until(self._ready_or_dead, seconds, f"{self.name} is ready for connections")
        except WaitedTooLong as late:
            self.kill()
            raise ServerFailed(f"{late}\n{self.log_tail()}") from late
        if not self.running:
            raise ServerFailed(f"{self.name} ({self.kind}) ended while starting:\n{self.log_tail()}")
        for name, (password, tls) in self._logins.items():
            self.log_in_once(name, password, tls=tls)

    def _options(self) -> list[str]:
        return [f"--datadir={self.data_dir}", f"--socket={self.socket}", f"--pid-file={self.folder / 'pid'}",
                f"--tmpdir={self.folder / 'tmp'}", f"--port={self.port}", "--bind-address=127.0.0.1",
                f"--server-id={self.settings.number}", *self._tls_options(), *self.settings.options]

    def _tls_options(self) -> list[str]:
        wanted = self.settings.tls
        certificate = self.box.tls.server_files(wanted) if wanted not in (None, "own") else None
        return self.dialect.tls_options(certificate, wanted == "own")

    def _ready_or_dead(self) -> bool:
        ready = self.error_log.exists() and b"ready for connections" in self.error_log.read_bytes()
        return (ready and self.socket.exists()) or not self.running

    def log_tail(self, lines: int = 25) -> str:
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self.error_log.read_text("utf-8", "replace").splitlines()[-lines:])
        return "(no error log)"

    @property
    def running(self) -> bool:
        return bool(self.pid) and self.box.ward.running(self.pid)

    @property
    def frozen(self) -> bool:
        stat = Path(f"/proc/{self.pid}/stat").read_text() if self.running else ""
        return stat.rpartition(")")[2].split()[:1] == ["T"]

    def stop(self, seconds: float = 30) -> None:
        """In good order, as an operator would."""
        if self.running:
            self.dialect.before_stop(self)
        self._end(signal.SIGTERM, seconds)

    def kill(self) -> None:
        self._end(signal.SIGKILL, 10)

    def _end(self, number: signal.Signals, seconds: float) -> None:
        if self.box.ward.signal(self.pid, number):
            wait_until(lambda: not self.running, seconds, f"the end of {self.name}")

    def freeze(self) -> None:
        self.box.ward.signal(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        self.box.ward.signal(self.pid, signal.SIGCONT)

    # talk

    @contextlib.contextmanager
    def session(self, seconds: float = 600) -> Iterator[Session]:
        session = Session(self.socket, seconds)
        try:
            yield session
        finally:
            session.close()

    def sql(self, statements: str | Sequence[str]) -> Rows:
        """As root over the socket, in a session of its own; the rows of the last statement."""
        with self.session(seconds=60) as session:
            return session.sql(statements)

    def create_user(self, name: str, password: str, grants: Sequence[str] = (), *, require: str | None = None,
                    host: str = "%") -> None:
        """On this server alone, not in its binary log. A grant is `SLAVE MONITOR ON *.*`."""
        self.sql(["set sql_log_bin=0", f"drop user if exists '{name}'@'{host}'",
                  self.dialect.create_user(name, password, host, require or ""),
                  *(f"grant {grant} to '{name}'@'{host}'" for grant in grants)])
        self._logins[name] = password, require is not None
        self.log_in_once(name, password, tls=require is not None)

    def log_in_once(self, name: str, password: str, *, tls: bool = False) -> None:
        """Over the socket, or over TLS for an account that wants it. From then on MySQL lets the user in by a scramble,
        over TCP without TLS, too, until it is restarted or told to flush privileges."""
        where: dict[str, Any] = {"unix_socket": str(self.socket)}
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.load_cert_chain(self.box.tls.client.cert, self.box.tls.client.key)
            where = {"host": self.host, "port": self.port, "ssl": context}
        with contextlib.suppress(pymysql.Error):
            pymysql.connect(user=name, password=password, connect_timeout=10, **where).close()

    def drop_user(self, name: str, *, host: str = "%") -> None:
        self._logins.pop(name, None)
        self.sql(["set sql_log_bin=0", f"drop user if exists '{name}'@'{host}'"])

    def option_file(self, user: str, password: str, **more: str) -> Path:
        """A my.cnf for clients of this server, mode 0600. More lines by name: `ssl_ca=…` is written as ssl-ca."""
        lines = {"host": self.host, "port": self.port, "user": user, "password": password, **more}
        path = self.folder / f"{user}.cnf"
        path.touch(mode=0o600)
        written = (f"{key.replace('_', '-')}={value}\n" for key, value in lines.items())
        path.write_text("".join(["[client]\n", *written]))
        return path

    def monitor_file(self) -> Path:
        """An option file for a user that may do what check_mysql_replication needs and nothing else."""
        self.create_user("monitor", "monitor", self.dialect.MONITOR_GRANTS)
        return self.option_file("monitor", "monitor")

    # replicate

    def channels(self) -> list[Channel]:
        return list(self.dialect.channels(self))

    def replicate_from(self, sources: dict[str, Server]) -> None:
        for channel, source in sources.items():
            self.sql([self.dialect.change_source(channel, {"host": source.host, "port": source.port,
                                                           "user": "repl", "password": "repl"}),
                      self.dialect.start_replica(channel)])
            self.settings.sources[channel] = source.name
        self.settings.write(self.folder)

    def start_replica(self, channel: str = "", thread: str = "") -> None:
        self.sql(self.dialect.start_replica(channel, thread))

    def stop_replica(self, channel: str = "", thread: str = "") -> None:
        self.sql(self.dialect.stop_replica(channel, thread))

    def change_source(self, channel: str = "", **values: str | int) -> None:
        """user, password, host, port, delay; the channel must be stopped."""
        self.sql(self.dialect.change_source(channel, values))

    def semi_sync(self) -> contextlib.AbstractContextManager[None]:
        """Semi-synchronous replication from its one source, for as long as the block lasts."""
        return semi_sync.enabled(self)

    def is_read_only(self) -> bool:
        return bool(self.sql("select @@global.read_only as ro")[0]["ro"])

    def own_transactions(self) -> str:
        """GTIDs that came from this replica itself; empty when there are none."""
        return str(self.dialect.own_transactions(self, list(self.sources.values())))

    def forget_own_transactions(self) -> None:
        """Has what its one source has and nothing else, and starts again from there."""
        [(channel, source)] = self.sources.items()
        self.stop_replica(channel)
        self.dialect.set_position(self, self.dialect.position(source))
        self.start_replica(channel)
        self.wait_in_sync()

    def in_sync(self) -> bool:
        return all(channel.lags_not for channel in self.channels()) and all(
            self.dialect.has_applied(self, self.dialect.position(source)) for source in self.sources.values())

    def _stays_in_sync(self) -> bool:
        # Positions last, and not in in_sync(): a new connection begins with those of its log's first event.
        return self.in_sync() and all(channel.caught_up for channel in self.channels())

    def wait_in_sync(self, seconds: float = 30) -> None:
        """While nobody writes: what was read in the last 300 ms a busy MySQL has not noted as applied."""
        if not self.settings.sources:
            raise SandboxError(f"{self.name} is no replica")
        wait_until(self._stays_in_sync, seconds, lambda: f"{self.name} in sync with its sources: {self.channels()}")
