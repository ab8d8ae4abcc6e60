"""How many targets the limit of open files allows, and what is said where it is too low."""

import re
import resource
import sys

import pytest

from fructosa_bridge import open_files


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
    assert found == open_files.room(hard) == open_files.raise_limit()


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(1024, 768), (256, 0), (10, 0), (resource.RLIM_INFINITY, sys.maxsize)],
)
def test_some_files_are_needed_for_other_things(limit, expected):
    """A limit below these leaves no room, and never less than none."""
    assert expected == open_files.room(limit)


def test_a_limit_that_suffices_is_nothing_to_talk_of():
    """Just so, too."""
    assert open_files.warning(768, 768) is None


def test_a_limit_that_is_too_low_is_told_with_what_to_raise():
    """How many files are needed, for how many targets it suffices, and where it is set."""
    told = open_files.warning(10_000, open_files.room(4096))

    numbers = [int(number) for number in re.findall(r"\b\d+\b", told)]
    assert [10_000, 10_256, 3840] == numbers
    for remedy in ("LimitNOFILE", "rc_ulimit", "nofile", "shard"):
        assert remedy in told
