"""A pytest plugin that leaves out the tests with a mocked account of AWS.

Its set-up takes longer than all of a module's other tests, and each mutant would pay for it.
"""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect every test that uses the fixture `world`."""
    left_out = [item for item in items if "world" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
