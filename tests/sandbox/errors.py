"""What can go wrong in the sandbox, by name."""


class SandboxError(Exception):
    """The sandbox could not do what it was asked."""


class BoxExists(SandboxError):
    """A box of this name is there already."""


class KindUnavailable(SandboxError):
    """This kind of server cannot be had on this machine; tests skip by its name."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind} is not available: {reason}")
        self.kind = kind
        self.reason = reason


class CannotMount(SandboxError):
    """We may not mount a file system here; tests that need a full disk skip by this reason."""


class ServerFailed(SandboxError):
    """A server did not start; the message ends with its error log's tail."""


class WaitedTooLong(SandboxError):
    """A condition did not come true in time."""
