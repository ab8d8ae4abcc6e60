"""The limits of the process: open files and memory."""

import ctypes
import gc
import re
import resource
import sys

import pytest

from fructosa_bridge.app import process_limits


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(1024, 768), (256, 0), (10, 0), (resource.RLIM_INFINITY, sys.maxsize)],
)
def test_a_part_of_the_open_files_is_reserved(limit, expected):
    """A limit below that part allows no targets at all."""
    assert expected == process_limits.target_limit(limit)


def test_a_sufficient_limit_gives_no_warning():
    """Not even if it is just sufficient."""
    assert process_limits.open_files_warning(768, 768) is None


def test_a_limit_that_is_too_low_gives_a_warning_that_says_what_to_raise():
    """With the number of files that are needed, and of targets that the limit allows."""
    warning = process_limits.open_files_warning(10_000, process_limits.target_limit(4096))

    numbers = [int(number) for number in re.findall(r"\b\d+\b", warning)]
    assert [10_000, 10_256, 3840] == numbers
    for remedy in ("LimitNOFILE", "rc_ulimit", "nofile", "shard"):
        assert remedy in warning


def test_a_c_library_without_mallopt_is_no_error(monkeypatch):
    """Such as musl: then memory is returned as by default."""
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())

    process_limits.keep_freed()


def test_a_thread_that_computes_keeps_the_loop_waiting_for_a_millisecond():
    """Python's default is five."""
    before = sys.getswitchinterval()
    try:
        process_limits.let_threads_alternate()

        assert pytest.approx(0.001) == sys.getswitchinterval()
    finally:
        sys.setswitchinterval(before)


@pytest.mark.usefixtures("garbage_collector")
def test_objects_of_the_start_are_not_collected_again():
    """They live as long as lmaster, and scrapes make no cycles."""
    process_limits.collect_garbage_rarely()

    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] > 700  # the default
