"""Finds out what is wrong with the storage, the permissions and the records of a table.

It asks AWS and changes nothing. Each module asks about one thing, and judges the answer by itself.
"""

from .examination import NOT_LOOKED_AT, Scope, examine
from .finding import Finding, Status

__all__ = ["NOT_LOOKED_AT", "Finding", "Scope", "Status", "examine"]
