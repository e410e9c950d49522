"""Which TCP ports on loopback are free. A free port can be taken a moment later: callers must cope."""

import socket

from squads_pipeline.server.errors import ServerError

LOOPBACK = "127.0.0.1"
PORTS_TRIED = 100


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A free port of the kernel's choice."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def free_from(first: int) -> int:
    """The first free port at or after `first`; ServerError after 100 taken ones."""
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        if is_free(port):
            return port
    raise ServerError(
        f"No port from {first} to {first + PORTS_TRIED - 1} is free: choose another with --port."
    )


def accepts(port: int) -> bool:
    """Whether something listens on the loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
