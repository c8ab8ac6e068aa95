"""The parts of the framework that this type uses, imported without what only others need.

`cloudformation_cli_python_lib` imports requests, for hooks, and boto3, for the sessions that
`clients` keeps in its own way. The two would take up half of a cold start. While the framework is
imported, placeholders stand for them; a program that has them already keeps them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn

_UNUSED = ("boto3", "boto3.session", "requests", "requests.adapters")


class _Unused:
    """Stands for a class of a module that was not imported."""

    def __init__(self, *_: Any, **__: Any) -> NoReturn:
        raise RuntimeError("the framework was imported without boto3 and requests")


class _Placeholder(ModuleType):
    def __getattr__(self, name: str) -> type[_Unused]:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Unused


@contextmanager
def _placeholders() -> Iterator[None]:
    absent = [name for name in _UNUSED if name not in sys.modules]
    sys.modules.update({name: _Placeholder(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _placeholders():
    from cloudformation_cli_python_lib.interface import (
        Action,
        BaseResourceHandlerRequest,
        HandlerErrorCode,
        OperationStatus,
        ProgressEvent,
    )
    from cloudformation_cli_python_lib.resource import Resource
    from cloudformation_cli_python_lib.utils import HandlerRequest, RequestData

__all__ = [
    "Action",
    "BaseResourceHandlerRequest",
    "HandlerErrorCode",
    "HandlerRequest",
    "OperationStatus",
    "ProgressEvent",
    "RequestData",
    "Resource",
]
