"""What can go wrong, in our own words; `translator` maps it to CloudFormation's error codes.

No message ever holds a secret value, and each says what is wrong, where, and what to do.

PasswordError
 ├── InvalidRequest              the template or the caller must change something
 │    ├── InvalidProperty        one property, named
 │    ├── InvalidNextToken       a list token that this type did not hand out
 │    └── StorageUnusable        the table or the key is missing, disabled or of another shape
 ├── InvalidTypeConfiguration    the account's type configuration is wrong
 ├── NotUpdatable                a create-only property differs
 ├── AlreadyExists               the identifier is taken
 ├── NotFound                    no live secret has this identifier
 ├── Conflict                    another writer came first, again and again
 ├── Damaged                     a ciphertext or an item is not what this type wrote
 └── AwsFailure                  AWS did not do what was asked
      ├── AccessDenied           names the action and the ARN
      ├── InvalidCredentials     expired, unknown or missing credentials
      ├── Throttled              after the SDK's own retries
      ├── LimitExceeded          a service quota
      ├── Unreachable            no answer: time-outs and connection errors
      ├── ServiceFault           5xx, or an answer that AWS would not give
      └── Refused                any other refusal
"""


class PasswordError(Exception):
    """Base of everything that this package raises on purpose."""


class InvalidRequest(PasswordError):
    """The request cannot be served as it stands, and trying again will not help."""


class InvalidProperty(InvalidRequest):
    """One property is wrong.

    Args:
        name: the property as the template writes it.
        problem: what it must be, completing the sentence that begins with the name.
    """

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}")
        self.name = name


class InvalidNextToken(InvalidRequest):
    """The list token is not one that this type handed out for this table and stack."""


class StorageUnusable(InvalidRequest):
    """The table or the key that the request names cannot be used as it is."""


class InvalidTypeConfiguration(PasswordError):
    """A key of the type configuration is unknown or has a wrong value."""


class NotUpdatable(PasswordError):
    """An update names another identifier than the resource has."""


class AlreadyExists(PasswordError):
    """A live secret has this identifier, and another request created it."""


class NotFound(PasswordError):
    """No live secret has this identifier."""


class Conflict(PasswordError):
    """Other writers changed the record each time before this one could."""


class Damaged(PasswordError):
    """A ciphertext does not belong to its row, or an item is not as this type writes it."""


class AwsFailure(PasswordError):
    """AWS did not do what was asked; the record is as it was before."""


class AccessDenied(AwsFailure):
    """The role lacks a permission."""


class InvalidCredentials(AwsFailure):
    """The credentials are expired, unknown or missing."""


class Throttled(AwsFailure):
    """AWS throttled the request even after the SDK's retries."""


class LimitExceeded(AwsFailure):
    """A quota of the service is used up."""


class Unreachable(AwsFailure):
    """No answer came in time; whether the service did the work is unknown."""


class ServiceFault(AwsFailure):
    """The service failed, or the answer is not one that the service gives."""


class Refused(AwsFailure):
    """The service refused for a reason that has no case of its own."""
