"""The limit of open files."""

import resource

import pytest

from fructosa_service import open_files


@pytest.fixture
def limits():
    """The limits of this process, put back in the end."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_own_limit_is_raised_as_far_as_it_goes(limits):
    """The soft one to the hard one, which alone the system holds to."""
    _, hard = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard // 2, hard))

    found = open_files.raise_limit()

    assert (hard, hard) == resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == found == open_files.raise_limit()
