"""What a Python process holds in its memory: every text that any object of it keeps."""

import gc
import io
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

Text = str | bytes | bytearray
TEXT = (str, bytes, bytearray)


def texts() -> Iterator[bytes]:
    """Yield each text that is held anywhere, once.

    That is in what the garbage collector knows, and so what modules, threads, clients, caches,
    handlers of loggers and exceptions keep; in the variables of whatever waits in another thread;
    and in buffers. The frames of this thread are left out: they belong to whoever asks.
    """
    # What was frozen, as a Lambda function may do when it is loaded, is in no list of objects.
    gc.unfreeze()
    gc.collect()
    seen: set[int] = set()
    for held in _containers():
        if _is(held, io.BytesIO, io.StringIO):
            # Unlike its other contents, a buffer is no object by itself.
            yield from map(_raw, _texts_of(held))
            continue
        for text in _texts_of(held):
            if id(text) not in seen:
                seen.add(id(text))
                yield _raw(text)


def holders_of(spellings: Mapping[bytes, str]) -> dict[str, set[str]]:
    """Return by name the types of the objects that hold a text with these bytes."""
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for held in _containers():
        for text in _texts_of(held):
            raw = _raw(text)
            for spelling, name in spellings.items():
                # What asks is no holder.
                if spelling in raw and held is not spellings:
                    holders[name].add(f"{type(held).__module__}.{type(held).__qualname__}")
    return dict(holders)


def _raw(text: Text) -> bytes:
    return text.encode(errors="surrogatepass") if isinstance(text, str) else bytes(text)


def _is(held: object, *kinds: type) -> bool:
    # Unlike isinstance, this asks no proxy for what it stands for.
    return issubclass(type(held), kinds)


def _texts_of(held: Any) -> Iterator[Text]:
    if _is(held, io.BytesIO, io.StringIO) and not held.closed:
        yield held.getvalue()
    if _is(held, dict):
        # The collector passes over keys that are text: they can be in no cycle.
        yield from (key for key in list(dict.keys(held)) if _is(key, *TEXT))
    yield from (it for it in gc.get_referents(held) if _is(it, *TEXT))


def _containers() -> Iterator[Any]:
    """Yield all objects that refer to others: those, too, that the collector need not track."""
    tracked = gc.get_objects()
    mine = id(sys._getframe())
    waiting = [frame.f_locals for frame in sys._current_frames().values() if id(frame) != mine]
    seen = {id(tracked), id(waiting)}
    rest = [*tracked, *waiting]
    seen.add(id(rest))
    while rest:
        held = rest.pop()
        if id(held) in seen:
            continue
        seen.add(id(held))
        yield held
        rest += [it for it in gc.get_referents(held) if _is(it, tuple, dict, io.IOBase)]
