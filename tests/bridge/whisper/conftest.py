"""A store in an empty folder, and a time."""

import time

import pytest

from fructosa_bridge.whisper.store import WhisperStore


@pytest.fixture
def store(tmp_path):
    """A store in an empty folder."""
    return WhisperStore(tmp_path)


@pytest.fixture
def now_s():
    """A recent time at the beginning of a slot of ten seconds."""
    return int(time.time()) // 10 * 10 - 100
