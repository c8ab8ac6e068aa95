"""What each engine accepts as a password: one table, a row a rule, each with its source. Pure.

Where AWS's documents disagree, the stricter one stands here. Generation keeps clear of more than
the rule forbids (`EVERYWHERE_SAFE`); what it keeps clear of never counts against a password that
is there already, or that somebody provides.
"""

import re
import string
from dataclasses import dataclass, replace

CLASSES = {
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeNumbers": string.digits,
    "ExcludePunctuation": string.punctuation,
}
"""The four classes of characters, as secretsmanager:GetRandomPassword has them, each under the
property that excludes it."""

CLASS_NAMES = {
    "ExcludeLowercase": "lower-case letter",
    "ExcludeUppercase": "upper-case letter",
    "ExcludeNumbers": "digit",
    "ExcludePunctuation": "special character",
}

SPACE = " "
PRINTABLE = "".join(CLASSES.values()) + SPACE
"""Printable ASCII: codes 32 to 126."""

EVERYWHERE_SAFE = string.ascii_letters + string.digits + "-_."
"""What needs no quoting and no escape in a POSIX shell, in a URL (RFC 3986, unreserved) and in the
connection strings of libpq, JDBC, ODBC and ADO.NET. The tilde is unreserved in URLs, too, but a
shell expands it."""

ENDS = string.ascii_letters + string.digits
"""How a generated password begins and ends: no option, hidden file or end of a sentence."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an engine's documents say of a password.

    Attributes:
        minimum, maximum: characters.
        characters: what is permitted, in words, as a sentence about the password goes on.
        permitted: the only characters that may occur, or "" where `forbidden` says it.
        forbidden: characters that must not occur.
        required: the classes that must occur, by the names in `CLASSES`.
        kinds: how many of the four classes must occur.
        distinct: how many different characters there must be.
        never_generated: what the rule permits, and some part of the service refuses all the same.
        digest: a pattern of what the server takes for the digest of a password, not for one.
        source: where this is written.
    """

    minimum: int
    maximum: int
    characters: str
    source: str
    permitted: str = ""
    forbidden: str = ""
    required: tuple[str, ...] = ()
    kinds: int = 0
    distinct: int = 0
    never_generated: str = ""
    digest: str = ""

    def permits(self, character: str) -> bool:
        """Tell whether the character may occur."""
        return character not in self.forbidden and character in (self.permitted or character)

    @property
    def wants(self) -> str:
        """What must occur, in words, or ""."""
        if self.required:
            return "at least one " + ", one ".join(CLASS_NAMES[name] for name in self.required)
        if self.kinds:
            return f"{self.kinds} of the four: " + ", ".join(CLASS_NAMES.values())
        if self.distinct:
            return f"at least {self.distinct} different characters"
        return ""

    def problem(self, text: str) -> str | None:
        """Say what is wrong with a password without quoting it, or None where nothing is."""
        if not self.minimum <= len(text) <= self.maximum:
            return f"must be {self.minimum} to {self.maximum} characters long"
        if not all(self.permits(character) for character in text):
            return f"may hold {self.characters}"
        kinds = {name for name in CLASSES if any(_is_of(name, c) for c in text)}
        enough = len(kinds) >= self.kinds and len(set(text)) >= self.distinct
        if not enough or not kinds.issuperset(self.required):
            return f"must hold {self.wants}"
        if self.digest and re.fullmatch(self.digest, text):
            return "must not be what the server takes for the digest of a password"
        return None


_LINE_BREAKS = "\r\n\x85\u2028\u2029"
"""What the dot of Java's patterns does not match."""


def _is_of(name: str, character: str) -> bool:
    # The documents count as special whatever is no ASCII letter, no ASCII digit and no white space.
    if name == "ExcludePunctuation":
        return character not in ENDS and not character.isspace()
    return character in CLASSES[name]


def _printable_except(characters: str) -> str:
    return "".join(c for c in PRINTABLE if c not in characters)


LETTERS_AND_DIGIT = ("ExcludeLowercase", "ExcludeUppercase", "ExcludeNumbers")

# botocore's model of CreateDBInstance, MasterUserPassword. It permits the space; the service itself
# answers "Only printable ASCII characters besides '/', '@', '"', ' ' may be used".
_RDS = "rds CreateDBInstance MasterUserPassword; the space: the service's own error message"
_RDS_CHARACTERS = 'only printable ASCII characters, and none of / @ " and the space'
_RDS_PERMITTED = _printable_except('/@" ')


def _rds(maximum: int, source: str = _RDS) -> Rule:
    # The console refuses the apostrophe, which the API's reference permits.
    return Rule(
        8,
        maximum,
        _RDS_CHARACTERS,
        source,
        permitted=_RDS_PERMITTED,
        never_generated="'",
    )


# "CREATE ROLE" of PostgreSQL: such a text is stored as it is, and no login with it succeeds.
_POSTGRES_DIGEST = r"md5[0-9a-f]{32}|SCRAM-SHA-256\$[0-9]+:[^$:]+\$[^$:]+:[^$:]+"

_AURORA = _rds(41, "rds CreateDBCluster MasterUserPassword; the space: as for instances")
_MYSQL = _rds(41)
_POSTGRES = replace(_rds(128), digest=_POSTGRES_DIGEST)
_SQLSERVER = _rds(128)
# 8 to 255 in CreateDBInstance, 8 to 128 in RestoreDBInstanceFromS3.
_DB2 = _rds(
    128,
    "rds RestoreDBInstanceFromS3 MasterUserPassword, which is stricter than"
    " CreateDBInstance; the space: as for other instances",
)
_ORACLE = Rule(
    8,
    30,
    "only printable ASCII characters, and none of / @ \" & ' and the space",
    _RDS,
    permitted=_printable_except("/@\"&' "),
)
_ELASTICACHE = Rule(
    16,
    128,
    "only ASCII letters, digits and ! & # $ ^ < > -",
    "elasticache CreateReplicationGroup AuthToken, which is stricter than ModifyReplicationGroup",
    permitted=string.ascii_letters + string.digits + "!&#$^<>-",
)

ENGINES: dict[str, Rule] = {
    "aurora-mysql": _AURORA,
    "aurora-postgresql": replace(_AURORA, digest=_POSTGRES_DIGEST),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "postgres": _POSTGRES,
    **dict.fromkeys(
        (
            "oracle-ee",
            "oracle-ee-cdb",
            "oracle-se2",
            "oracle-se2-cdb",
            "custom-oracle-ee",
            "custom-oracle-ee-cdb",
            "custom-oracle-se2",
            "custom-oracle-se2-cdb",
        ),
        _ORACLE,
    ),
    **dict.fromkeys(
        (
            "sqlserver-ee",
            "sqlserver-se",
            "sqlserver-ex",
            "sqlserver-web",
            "sqlserver-dev-ee",
            "custom-sqlserver-ee",
            "custom-sqlserver-se",
            "custom-sqlserver-web",
            "custom-sqlserver-dev",
        ),
        _SQLSERVER,
    ),
    **dict.fromkeys(("db2-ae", "db2-ce", "db2-se"), _DB2),
    "redshift": Rule(
        8,
        64,
        "only printable ASCII characters, and none of ' \" \\ / @ and the space",
        "redshift CreateCluster MasterUserPassword",
        permitted=_printable_except("'\"\\/@ "),
        required=LETTERS_AND_DIGIT,
    ),
    "docdb": Rule(
        8,
        100,
        'only printable ASCII characters, and none of / " @',
        "docdb CreateDBCluster MasterUserPassword",
        permitted=_printable_except('/"@'),
    ),
    "elasticache": _ELASTICACHE,
    # MemoryDB documents no rule for the passwords of its users: the one of its sibling is safe.
    "memorydb": _ELASTICACHE,
    # The API's model asks for no class, but the service refuses a password that lacks one.
    "opensearch": Rule(
        8,
        128,
        "any character but line breaks",
        "opensearch CreateDomain MasterUserPassword; the classes: the service's own check",
        forbidden=_LINE_BREAKS,
        required=tuple(CLASSES),
    ),
    "mq": Rule(
        12,
        512,
        "any character but , : = and the null character",
        "mq CreateUser Password, which states no maximum; a login to RabbitMQ must fit into a frame"
        " of 4 KB and ends at a null character",
        forbidden=",:=\x00",
        distinct=4,
    ),
    "directory-service": Rule(
        8,
        64,
        "any character but line breaks",
        "ds CreateDirectory Password",
        forbidden=_LINE_BREAKS,
        kinds=3,
    ),
    "influxdb": Rule(
        8,
        64,
        "only ASCII letters and digits",
        "timestream-influxdb CreateDbInstance password",
        permitted=ENDS,
    ),
    "fsx-ontap": Rule(
        8,
        50,
        "any character but line breaks and the null character",
        "fsx CreateFileSystem FsxAdminPassword",
        forbidden=_LINE_BREAKS + "\x00",
    ),
}
"""The rules by `Engine`: the values that AWS::RDS::DBInstance and AWS::RDS::DBCluster take, and
those of other services."""
