"""What all tests share: the fast ones first, those that talk to real services after them."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is the machine's matter: the first one also builds hypothesis's tables.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

INTEGRATION = Path(__file__).parent / "integration"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of tests/integration, and put them last; within, the order is random."""
    for item in items:
        if item.path.is_relative_to(INTEGRATION):
            item.add_marker(pytest.mark.integration)
    items.sort(key=lambda item: item.path.is_relative_to(INTEGRATION))
