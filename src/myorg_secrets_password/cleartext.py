"""Clear text in a type of its own, so that it cannot leave by accident."""

import hmac
from typing import Any, NoReturn


class ClearText:
    """A password in clear text.

    It hides itself from print, format and repr, refuses to be pickled, and refuses `==`, which
    would compare in a time that depends on the content. `reveal` is the only way out.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the password itself: for KMS, and for the attribute Value."""
        return self._text

    def encode(self) -> bytes:
        """Return the password as KMS takes it: UTF-8."""
        return self._text.encode()

    def same_as(self, other: "ClearText") -> bool:
        """Tell, in constant time, whether both are the same password."""
        return hmac.compare_digest(self.encode(), other.encode())

    def __repr__(self) -> str:
        return "ClearText(hidden)"

    def __eq__(self, other: object) -> bool:
        raise TypeError("clear text is compared by same_as() only")

    __hash__ = None  # type: ignore[assignment]  # as Python does for a class with __eq__ alone

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("clear text cannot be pickled or copied")
