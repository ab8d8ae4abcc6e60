"""Fixtures of the tests of the queue."""

import pytest

from ..queues import QueueOnDisk, ram_folder


@pytest.fixture
def tmp_path():
    """A folder in RAM."""
    with ram_folder() as folder:
        yield folder


@pytest.fixture
def restart(tmp_path):
    """A function that ends the previous run of lmaster, starts another, and returns its queue."""
    runs = []

    def start(*names, **limits):
        if runs:
            runs[-1].journal.close()
        runs.append(QueueOnDisk(tmp_path, *(names or ("carbon",)), **limits))
        return runs[-1]

    yield start
    runs[-1].journal.close()
