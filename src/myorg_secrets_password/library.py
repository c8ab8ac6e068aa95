"""The SDK and the framework, imported without what only others need of them.

Nearly every call of a type is a cold start, and most of that is importing. The framework imports
requests, for hooks, and boto3, for sessions that `clients` keeps in its own way; the SDK imports
what it makes its documentation with; urllib3 looks for the version of a package for HTTP/2. While
they are imported, placeholders stand for all that. A program that has the real ones keeps them.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn

_UNUSED = (
    "boto3",
    "boto3.session",
    "botocore.docs.service",
    "botocore.docs.docstring",
    "importlib.metadata",
    "requests",
    "requests.adapters",
)


class _Unused:
    """Stands for whatever such a module defines: it can be made, but not used."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{name}: its module was left out to start faster ({__name__})")


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


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let the collector not run meanwhile, nor look later at what was imported and stays."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


with _placeholders(), _no_collection():
    import botocore.session  # noqa: F401  # so that it is imported here, before others do it
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
