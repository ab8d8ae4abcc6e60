"""What all tests share: the fast ones first, those that talk to real services after them."""

import pytest

INTEGRATION = "integration"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of tests/integration, and put them last; within, the order is random."""
    for item in items:
        if INTEGRATION in item.path.parts:
            item.add_marker(pytest.mark.integration)
    items.sort(key=lambda item: INTEGRATION in item.path.parts)
