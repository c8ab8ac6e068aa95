"""Reports values from processes that tests start and that bring an emulated AWS of their own.

They come through a socket: no file ever holds a value. The process waits until each has arrived, so
that it is known before anything of it can be seen.
"""

from __future__ import annotations

import runpy
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Connection, Listener

from tests.leaks.values import tell_values_to

_listener: Listener | None = None


def start(add: Callable[[bytes], None]) -> None:
    """Take reports from here on, in threads of this process."""
    global _listener
    # On a machine with many users, a socket in a folder that is this user's alone.
    _listener = Listener(family="AF_UNIX")
    threading.Thread(target=_accept, args=(_listener, add), name="leaks", daemon=True).start()


def stop() -> None:
    """Take no more reports."""
    if _listener is not None:
        _listener.close()


def python_m(module: str, *arguments: str) -> list[str]:
    """Return the command for `python -m MODULE ARGUMENTS` that reports its values."""
    assert _listener is not None, "the watch has not begun"
    return [sys.executable, "-m", __name__, str(_listener.address), module, *arguments]


def _accept(listener: Listener, add: Callable[[bytes], None]) -> None:
    while True:
        try:
            connection = listener.accept()
        except OSError:  # it was closed
            return
        threading.Thread(target=_take, args=(connection, add), name="leaks", daemon=True).start()


def _take(connection: Connection, add: Callable[[bytes], None]) -> None:
    with connection:
        try:
            while True:
                add(connection.recv_bytes())
                connection.send_bytes(b"")
        except (EOFError, OSError):  # the process has ended
            return


def main(address: str, module: str, *arguments: str) -> None:
    """Run a module as `python -m` does, and report each value that is new to this process."""
    told: set[bytes] = set()
    one_at_a_time = threading.Lock()
    connection = Client(address)

    def tell(value: bytes) -> None:
        with one_at_a_time:
            if value not in told:
                told.add(value)
                connection.send_bytes(value)
                connection.recv_bytes()

    tell_values_to(tell)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
