"""What the tests of the client share."""

import time

import pytest


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    """Texts with local times are the same everywhere."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()
