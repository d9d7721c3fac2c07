"""Starts, breaks, repairs and stops real servers in a scratch folder. See README.md beside this file."""

from .box import Sandbox
from .errors import CannotMount, KindUnavailable, SandboxError, ServerFailed, WaitedTooLong
from .kinds import DEFAULT_KIND, KINDS
from .server import Server
from .session import Session

__all__ = ["CannotMount", "DEFAULT_KIND", "KINDS", "KindUnavailable", "Sandbox", "SandboxError", "Server",
           "ServerFailed", "Session", "WaitedTooLong"]
