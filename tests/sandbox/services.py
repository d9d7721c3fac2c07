"""Apache and memcached on the command line: found again by another process, and broken in a few ways."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Union

from . import boxes
from .apache import Apache
from .errors import SandboxError
from .memcached import Memcached

if TYPE_CHECKING:
    from .box import Sandbox

Service = Union[Apache, Memcached]
KINDS = {"apache": Apache, "memcached": Memcached}
# What memcached may use, so that it is soon full.
MEBIBYTES = "2"


def _note(folder: Path) -> Path:
    return folder / "service.json"


def _write(service: Service, broken: str = "") -> None:
    kind = "apache" if isinstance(service, Apache) else "memcached"
    note = {"kind": kind, "port": service.port, "pid": service.pid, "broken": broken,
            "argv": service.argv if isinstance(service, Memcached) else []}
    fresh = service.folder / "service.json.new"
    fresh.write_text(json.dumps(note))
    fresh.rename(_note(service.folder))


def _read(box: Sandbox, name: str) -> tuple[Service, str]:
    """The service, and what it is broken by."""
    try:
        note = json.loads(_note(box.folder / name).read_text())
    except FileNotFoundError:
        raise SandboxError(f"no Apache and no memcached named {name!r}") from None
    service: Service = KINDS[note["kind"]].__new__(KINDS[note["kind"]])
    service.box, service.name, service.folder = box, name, box.folder / name
    service.port, service.pid = note["port"], note["pid"]
    if isinstance(service, Memcached):
        service.argv, service.socket = note["argv"], None
    return service, note["broken"]


def is_one(box: Sandbox, name: str) -> bool:
    return _note(box.folder / name).exists()


def names(box: Sandbox) -> list[str]:
    return sorted(folder.name for folder in box.folder.iterdir() if _note(folder).exists())


def lines(box: Sandbox, name: str) -> list[str]:
    service, broken = _read(box, name)
    kind = "apache" if isinstance(service, Apache) else "memcached"
    state = "running" if service.running else "down"
    return [f"{name} ({kind}): {state}{f', broken by {broken}' if broken else ''}", f"  address      {service.address}"]


def start(box: Sandbox, name: str, kind: str) -> None:
    if not boxes.NAME.fullmatch(name):
        raise SandboxError(f"not a name for a box or server: {name!r}")
    if (box.folder / name).exists():
        raise SandboxError(f"there is a server named {name} already")
    service = Apache(box, name) if kind == "apache" else Memcached(box, name, options=["-m", MEBIBYTES])
    _write(service)


def stop(box: Sandbox, name: str) -> None:
    service, broken = _read(box, name)
    if broken == "frozen":
        service.thaw()  # type: ignore[union-attr]
    if service.running:
        service.kill()
    shutil.rmtree(service.folder)


# ---- how they break ----


def _with_configuration(apache: Apache, change: Callable[[str], str]) -> None:
    file = apache.folder / "apache.conf"
    whole = apache.folder / "apache.conf.whole"
    if not whole.exists():
        shutil.copy(file, whole)
    file.write_text(change(file.read_text()))
    apache.restart()


def _fill(memcached: Memcached) -> None:
    """-M: where it may not evict, a full cache takes nothing more."""
    memcached.kill()
    memcached.argv.append("-M")
    memcached.start()
    memcached.sets(0, 3000, 1000)
    # A check's item is a small one: its class must be full as well.
    for size in (1, 20, 40, 60, 80, 120):
        memcached.sets(10_000 + size * 100_000, 20_000, size)


SITUATIONS: dict[str, tuple[str, type, Callable[..., None]]] = {
    "down": ("killed", object, lambda service: service.kill()),
    "forbidden": ("Apache: the status page is closed to everyone", Apache, lambda apache: _with_configuration(
        apache, lambda text: text.replace("SetHandler server-status", "SetHandler server-status\n  Require all denied"))),
    "no-rates": ("Apache: ExtendedStatus is Off", Apache, lambda apache: _with_configuration(
        apache, lambda text: text.replace("ExtendedStatus On", "ExtendedStatus Off"))),
    "failing": ("Apache: each request is answered with 503", Apache, lambda apache: _with_configuration(
        apache, lambda text: text + "\nRedirect 503 /\n")),
    "frozen": ("memcached: accepts, and never answers", Memcached, lambda memcached: memcached.freeze()),
    "full": ("memcached: out of memory, and may not evict", Memcached, _fill),
}


def break_by(box: Sandbox, name: str, situation: str) -> None:
    service, broken = _read(box, name)
    _, kind, begin = SITUATIONS[situation]
    if broken:
        raise SandboxError(f"{name} is broken already ({broken}): repair it first")
    if not isinstance(service, kind):
        raise SandboxError(f"{name} cannot be broken by {situation}")
    begin(service)
    _write(service, situation)


def repair(box: Sandbox, name: str) -> str:
    """Returns what it was."""
    service, broken = _read(box, name)
    if not broken:
        raise SandboxError(f"{name} is not broken")
    if isinstance(service, Memcached) and broken == "frozen":
        service.thaw()
    else:
        if service.running:
            service.kill()
        _make_whole(service)
        service.start()
    _write(service)
    return broken


def _make_whole(service: Service) -> None:
    if isinstance(service, Memcached):
        service.argv = [word for word in service.argv if word != "-M"]
    elif (service.folder / "apache.conf.whole").exists():
        shutil.move(service.folder / "apache.conf.whole", service.folder / "apache.conf")


def all_lines(box: Sandbox) -> Iterator[str]:
    for name in names(box):
        yield from lines(box, name)
