"""Every value that the run makes, whoever makes it.

A value is what becomes a `ClearText` in this process, or what the emulated KMS encrypts, decrypts
or makes as a data key. All programs that the tests start, as processes too, have their KMS here.
Those few that bring an emulator of their own report to this process: `tests.leaks.child`.
"""

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from moto.kms.models import KmsBackend

from myorg_secrets_password.cleartext import ClearText
from tests.leaks.search import Search
from tests.leaks.spellings import is_telling


class Values:
    """The values of the whole run, and among them those of the present test."""

    def __init__(self) -> None:
        self.all: set[bytes] = set()
        self.present: set[bytes] = set()
        self._search = Search()
        self._new: SimpleQueue[bytes] = SimpleQueue()

    def add(self, value: bytes) -> None:
        """Watch a value from here on. Threads of servers call this, too."""
        if is_telling(value):
            self.present.add(value)
            if value not in self.all:
                self.all.add(value)
                self._new.put(value)

    def found_in(self, text: bytes) -> set[bytes]:
        """Return the values that a text shows."""
        while not self._new.empty():
            self._search.add([self._new.get()])
        return self._search.found_in(text)


def tell_values_to(add: Callable[[bytes], None]) -> None:
    """Have every value handed over from here on, in this process."""
    begin = ClearText.__init__
    encrypt, decrypt = KmsBackend.encrypt, KmsBackend.decrypt
    generate_data_key = KmsBackend.generate_data_key

    def telling_begin(self: ClearText, text: str) -> None:
        add(text.encode(errors="surrogatepass"))
        begin(self, text)

    def telling_encrypt(
        self: KmsBackend, key_id: str, plaintext: bytes, *rest: Any, **more: Any
    ) -> Any:
        add(plaintext)
        return encrypt(self, key_id, plaintext, *rest, **more)

    def telling_decrypt(self: KmsBackend, *args: Any, **more: Any) -> Any:
        answer = decrypt(self, *args, **more)
        add(answer[0])
        return answer

    def telling_generate_data_key(self: KmsBackend, *args: Any, **more: Any) -> Any:
        answer = generate_data_key(self, *args, **more)
        add(answer[0])
        return answer

    ClearText.__init__ = telling_begin  # type: ignore[method-assign]
    KmsBackend.encrypt = telling_encrypt  # type: ignore[method-assign]
    KmsBackend.decrypt = telling_decrypt  # type: ignore[method-assign]
    KmsBackend.generate_data_key = telling_generate_data_key  # type: ignore[method-assign]
