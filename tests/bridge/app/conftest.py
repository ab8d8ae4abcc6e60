"""Fixtures of the tests of the app."""

import gc

import pytest


@pytest.fixture
def garbage_collector():
    """Restore the settings of the garbage collector after the test."""
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()
