"""Finds out, before anything is uploaded, what would keep the type from being registered or used.

It asks AWS and changes nothing. Only what is known to be wrong is a problem; what cannot be looked
at is said, and left to whoever submits.
"""

from .examination import Examined, Wanted, examine

__all__ = ["Examined", "Wanted", "examine"]
