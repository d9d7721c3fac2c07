"""A box: a few servers that start together and end together."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from . import boxes, full_disk, galera, group_replication, kinds
from .errors import SandboxError
from .server import Server
from .settings import Settings
from .tls import Tls
from .waiting import wait_until
from .ward import Ward

T = TypeVar("T")


class Sandbox:
    """`with Sandbox() as box:` ends its servers and removes their folder however the process ends.

    With `keep`, the box lives until somebody calls end(); `Sandbox.find(name)` finds it again.
    """

    def __init__(self, name: str | None = None, *, keep: bool = False) -> None:
        self.folder, lock = boxes.make_folder(name)
        self.ward = Ward.begin(self.folder, lock, owned=not keep)
        self._servers: dict[str, Server] = {}

    @classmethod
    def find(cls, name: str) -> Sandbox:
        """The box of this name that another process began."""
        box = cls.__new__(cls)
        box.folder = boxes.base() / name
        if box.folder not in boxes.lived_in():
            raise SandboxError(f"no box named {name}")
        box.ward = Ward(box.folder)
        box._servers = {}
        found = (Settings.read(folder) for folder in box.folder.iterdir() if folder.is_dir())
        for settings in sorted(filter(None, found), key=lambda one: one.number):
            box._servers[settings.name] = Server(box, settings)
        return box

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        self.ward.end()

    def __getitem__(self, name: str) -> Server:
        try:
            return self._servers[name]
        except KeyError:
            raise SandboxError(f"no server named {name!r}; there are {', '.join(self._servers) or 'none'}") from None

    def __iter__(self) -> Iterator[Server]:
        return iter(list(self._servers.values()))

    def free_port(self) -> int:
        return self.ward.reserve_port()

    @functools.cached_property
    def tls(self) -> Tls:
        return Tls()

    def server(self, name: str, kind: str = kinds.DEFAULT_KIND, options: Sequence[str] = (), *,
               tls: str | None = None) -> Server:
        """A server that is ready. `tls` is good, expired, wrong-name, other-ca, own (what it makes itself) or None."""
        return self.add(name, kind, options, tls=tls)

    def replica(self, name: str, of: Server | Mapping[str, Server], options: Sequence[str] = (), *,
                kind: str | None = None, tls: str | None = None) -> Server:
        """A GTID replica, read-only, in sync when this returns. `of` is a source, or a source per named channel."""
        sources = {"": of} if isinstance(of, Server) else dict(of)
        first = next(iter(sources.values()))
        domain = first.domain if len(sources) == 1 else None
        replica = self.add(name, kind or first.kind, ["--read-only=ON", *options], tls=tls, domain=domain)
        replica.replicate_from(sources)
        replica.wait_in_sync()
        return replica

    def group_member(self, name: str, of: Server | None = None) -> Server:
        """A MySQL server in group replication: the primary of a new group, or a secondary beside `of`."""
        return group_replication.member(self, name, of)

    def galera_node(self, name: str, of: Server | None = None) -> Server:
        """A MariaDB server in a Galera cluster: the first of a new one, or one more beside `of`."""
        return galera.node(self, name, of)

    def replica_with_full_disk(self, source: Server) -> AbstractContextManager[Server]:
        """A replica that cannot write its relay log. Raises CannotMount where we may not mount a small disk."""
        return full_disk.replica(self, source)

    def add(self, name: str, kind: str, options: Sequence[str], *, tls: str | None = None, domain: int | None = None,
            data: Path | None = None, peer_port: int = 0, path: str = "") -> Server:
        """What server(), replica() and the cluster's nodes have in common."""
        if not boxes.NAME.fullmatch(name):
            raise SandboxError(f"not a name for a box or server: {name!r}")
        if (self.folder / name).exists():
            raise SandboxError(f"there is a server named {name} already")
        number = self.ward.next_number()
        # MariaDB can follow several sources only when each has a domain of its own; the first one has the usual 0.
        domain = number - 1 if domain is None else domain
        server = Server(self, Settings(name, kind, number, domain, tls=tls, options=list(options),
                                       peer_port=peer_port, path=path))
        server.create(data)
        self._servers[name] = server
        try:
            server.start()
        except BaseException:
            self.remove(server)
            raise
        return server

    def remove(self, server: Server) -> None:
        """Ends one server and forgets it."""
        server.kill()
        del self._servers[server.name]
        server.delete()

    def create_user(self, name: str, password: str, grants: Sequence[str] = (), *, require: str | None = None) -> None:
        """On each of the box's servers."""
        for server in self:
            server.create_user(name, password, grants, require=require)

    @staticmethod
    def wait_until(predicate: Callable[[], T], seconds: float = 30, what: str = "") -> T:
        return wait_until(predicate, seconds, what)
