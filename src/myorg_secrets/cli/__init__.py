"""The command line `myorg-secrets`: one module for each verb.

A verb's module is loaded when it is called, so that `get` does not wait for what `adopt` needs.
"""

from .app import main

__all__ = ["main"]
