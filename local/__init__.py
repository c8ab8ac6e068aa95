"""AWS on this machine, for development, with a CloudFormation that knows the type.

``with local.running() as aws:`` starts it and ends it. Nothing here ships.
"""

from local.environment import LocalAws, Outcome, running

__all__ = ["LocalAws", "Outcome", "running"]
