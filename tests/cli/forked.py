"""What a fork does that has the program loaded already. It loads nothing of the tests itself."""

import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection

from myorg_secrets.cli import main


def run(
    words: Sequence[str],
    environment: Mapping[str, str],
    folder: str,
    out: Connection,
    err: Connection,
) -> None:
    """Be the program: on descriptors, in an environment and in a folder that it was given.

    Args:
        words: its command line, without its own name.
        environment: all of its environment.
        folder: where it is.
        out: its stdout.
        err: its stderr.
    """
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  # os.devnull is no place
        os.dup2(nothing.fileno(), 0)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    out.close()
    err.close()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv[1:] = words
    main()
