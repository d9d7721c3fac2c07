"""Programs that find other files than the machine's."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

import pytest


def run(mount: str, command: Sequence[object], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """In a namespace of its own, where `mount`, in words of the shell, has been done."""
    for unshare in (["unshare", "-m"], ["unshare", "-rm"]):
        if subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", "/proc"], capture_output=True).returncode == 0:
            break
    else:
        pytest.skip("no mount namespace to be had here")
    return subprocess.run([*unshare, "sh", "-c", f'{mount} && exec "$@"', "sh", *map(str, command)],
                          env=environment, capture_output=True, text=True, timeout=60)
