"""Looks for many values in much text at once. Pure."""

from collections.abc import Iterable, Iterator

from tests.leaks.spellings import spellings

_WORD = 8
"""Bytes, of the integers that a memoryview gives out ("Q")."""


class Search:
    """Finds every spelling of every value that was added.

    A text is taken apart into words of eight bytes, from each of its bytes on, and each is looked
    up in one dictionary, which has the last word of each spelling: the time depends on the text
    and hardly on the number of values. What is found there is then looked for in full.
    """

    def __init__(self) -> None:
        self._by_word: dict[int, tuple[bytes, ...]] = {}

    def add(self, values: Iterable[bytes]) -> None:
        """Look for these values, too."""
        for value in values:
            for spelling in spellings(value):
                [word] = memoryview(spelling[-_WORD:]).cast("Q")
                held = self._by_word.get(word, ())
                if value not in held:
                    self._by_word[word] = (*held, value)

    def found_in(self, text: bytes) -> set[bytes]:
        """Return the values that a text shows in any spelling."""
        suspects = {value for word in self._words_known_in(text) for value in self._by_word[word]}
        return {
            value for value in suspects if any(spelling in text for spelling in spellings(value))
        }

    def _words_known_in(self, text: bytes) -> Iterator[int]:
        known = self._by_word.keys()
        for start in range(_WORD if known else 0):
            end = len(text) - (len(text) - start) % _WORD
            if end > start:
                yield from known & memoryview(text)[start:end].cast("Q")
