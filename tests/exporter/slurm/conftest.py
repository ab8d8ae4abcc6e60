"""Fixtures of the tests of Slurm's jobs on a node."""

import pytest

from .watching import Watching


@pytest.fixture
def watched(cgroups):
    """The tracker of the folders of *cgroups*, a fixture of each module."""
    made = Watching(cgroups)
    yield made
    made.tracker.ends.close()
    made.messages.close()
