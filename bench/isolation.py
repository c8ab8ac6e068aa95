"""Keeps a measurement away from whatever account and endpoints the user has configured."""

import os


def isolate(**variables: str) -> None:
    """Take every variable of AWS out of this process's environment.

    Args:
        **variables: what to set instead.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **variables,
    }
