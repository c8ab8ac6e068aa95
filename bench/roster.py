"""Who is compared, and with whom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

OPERATIONS = ("CREATE", "READ", "UPDATE", "LIST", "DELETE")

COMPACT = "this type, compact"
STOCK = "this type, stock plugin"
OBVIOUS = "obvious handler, stock plugin"
COMPILED = "obvious handler, compiled"
CREDSTASH = "credstash"
NOTHING = "standard library"
PACKAGES = (COMPACT, STOCK, OBVIOUS, COMPILED, CREDSTASH, NOTHING)
"""What is on a contender's path, besides its function."""

OURS = "this type"
LIMIT = "raw HTTP"
BARE = "bare boto3"
BARE_LOGGED = "bare boto3, logged"
OBVIOUS_COLD = "obvious handler, stock package"
OBVIOUS_COLD_LOGGED = "obvious handler, stock package, logged"


@dataclass(frozen=True)
class Contender:
    """One way to do the five operations.

    Attributes:
        name: in tables.
        function: what is called with each event, as MODULE:FUNCTION.
        package: what it is installed with, one of `PACKAGES`.
        base: the name of the contender that ratios are taken to.
        logged: whether events ask for logs and metrics, as in a real account.
        rotating: whether each event brings other credentials.
        operations: those that it has.
    """

    name: str
    function: str
    package: str
    base: str = BARE
    logged: bool = False
    rotating: bool = False
    operations: Sequence[str] = OPERATIONS


def _handlers(name: str, function: str, package: str) -> Iterator[Contender]:
    for logged, base in ((False, BARE), (True, BARE_LOGGED)):
        for rotating in (False, True):
            suffix = (", logged" if logged else "") + (", rotating" if rotating else "")
            yield Contender(f"{name}{suffix}", function, package, base, logged, rotating)


_RAW = "raw:handler"
_OURS = "myorg_secrets_password.handlers:resource"
_OBVIOUS = "obvious:resource"
_BARE = "bare:handler"

WARM = (
    Contender(BARE, _BARE, COMPILED),
    Contender(BARE_LOGGED, _BARE, COMPILED, BARE_LOGGED, logged=True),
    *_handlers(OURS, _OURS, COMPACT),
    *_handlers("obvious handler", _OBVIOUS, OBVIOUS),
    Contender(
        "recipe of 2016",
        "recipe:handler",
        COMPILED,
        operations=("CREATE", "READ", "UPDATE", "DELETE"),
    ),
    Contender("credstash", "credstash_calls:handler", CREDSTASH),
    Contender("Secrets Manager", "secrets_manager:handler", COMPILED),
    Contender(LIMIT, _RAW, NOTHING),
)
"""Each in one process for all rounds."""

_FIRST = ("CREATE",)

COLD = (
    Contender(OBVIOUS_COLD, _OBVIOUS, OBVIOUS, OBVIOUS_COLD),
    Contender(OURS, _OURS, COMPACT, OBVIOUS_COLD),
    Contender(f"{OURS}, stock package", _OURS, STOCK, OBVIOUS_COLD, operations=_FIRST),
    Contender(BARE, _BARE, COMPILED, OBVIOUS_COLD),
    Contender(f"{BARE}, not compiled", _BARE, OBVIOUS, OBVIOUS_COLD, operations=_FIRST),
    Contender(LIMIT, _RAW, NOTHING, OBVIOUS_COLD),
    Contender("Python alone", "idle:handler", NOTHING, OBVIOUS_COLD, operations=_FIRST),
    Contender(
        OBVIOUS_COLD_LOGGED, _OBVIOUS, OBVIOUS, OBVIOUS_COLD_LOGGED, logged=True, operations=_FIRST
    ),
    Contender(
        f"{OURS}, logged", _OURS, COMPACT, OBVIOUS_COLD_LOGGED, logged=True, operations=_FIRST
    ),
)
"""Each in a new process for every measurement. In Lambda boto3 is compiled: it is the runtime's."""
