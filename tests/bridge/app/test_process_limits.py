"""How many targets the limit of open files allows, and what is said where it is too low."""

import re
import resource
import sys

import pytest

from fructosa_bridge.app import process_limits


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(1024, 768), (256, 0), (10, 0), (resource.RLIM_INFINITY, sys.maxsize)],
)
def test_some_files_are_needed_for_other_things(limit, expected):
    """A limit below these leaves no room, and never less than none."""
    assert expected == process_limits.target_limit(limit)


def test_a_limit_that_suffices_is_nothing_to_talk_of():
    """Just so, too."""
    assert process_limits.open_files_warning(768, 768) is None


def test_a_limit_that_is_too_low_is_told_with_what_to_raise():
    """How many files are needed, for how many targets it suffices, and where it is set."""
    told = process_limits.open_files_warning(10_000, process_limits.target_limit(4096))

    numbers = [int(number) for number in re.findall(r"\b\d+\b", told)]
    assert [10_000, 10_256, 3840] == numbers
    for remedy in ("LimitNOFILE", "rc_ulimit", "nofile", "shard"):
        assert remedy in told
