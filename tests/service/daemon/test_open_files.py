"""The limit on open files."""

import resource

import pytest

from fructosa_service.daemon import open_files


@pytest.fixture
def limits():
    """The limits of this process, restored at the end."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_soft_limit_is_raised_to_the_hard_limit(limits):
    """A second call changes nothing."""
    _, hard = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard // 2, hard))

    raised = open_files.raise_limit()

    assert (hard, hard) == resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == raised == open_files.raise_limit()
