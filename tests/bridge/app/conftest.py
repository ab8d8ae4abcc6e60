"""Fixtures of the tests of the app."""

import gc
import logging

import pytest

from .keeper_lab import KeeperLab


@pytest.fixture
def garbage_collector():
    """Restore the settings of the garbage collector after the test."""
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


@pytest.fixture
async def lab(tmp_path, caplog):
    """A keeper that is open."""
    caplog.set_level(logging.INFO, "lmaster.jobs")
    made = KeeperLab(tmp_path / "jobs")
    await made.keeper.open()
    yield made
    await made.keeper.close()
