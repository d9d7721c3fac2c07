"""What it takes to start a server, and to find it again from another process."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Settings:
    name: str
    kind: str
    number: int
    domain: int
    port: int = 0
    pid: int = 0
    tls: str | None = None
    options: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    # Where the other nodes of a cluster reach this one, and where it finds programs that a cluster needs.
    peer_port: int = 0
    path: str = ""

    @classmethod
    def read(cls, folder: Path) -> Settings | None:
        with contextlib.suppress(FileNotFoundError):
            return cls(**json.loads((folder / "settings.json").read_text()))
        return None

    def write(self, folder: Path) -> None:
        """In one step, as another process may read at any time."""
        fresh = folder / "settings.json.new"
        fresh.write_text(json.dumps(asdict(self), indent=1))
        fresh.rename(folder / "settings.json")
