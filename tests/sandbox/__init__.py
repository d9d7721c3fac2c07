"""Starts, breaks, repairs and stops real servers in a scratch folder. See README.md beside this file."""

from .box import Sandbox
from .errors import KindUnavailable, SandboxError, ServerFailed, WaitedTooLong
from .kinds import DEFAULT_KIND, KINDS
from .server import Server, Session

__all__ = ["DEFAULT_KIND", "KINDS", "KindUnavailable", "Sandbox", "SandboxError", "Server", "ServerFailed", "Session",
           "WaitedTooLong"]
