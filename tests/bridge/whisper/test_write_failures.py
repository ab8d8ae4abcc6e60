"""What is a series' own fault, what is that of the store, and what the log says."""

import errno
import os

import pytest

from fructosa_bridge.whisper.write_failures import (
    FREE_INODES,
    NOT_WRITTEN,
    WHAT_TO_DO,
    FailureLog,
    WriteFailures,
)


def failures(*numbers, is_new=True):
    """Return the failures of a write with these errors."""
    found = WriteFailures()
    for at, number in enumerate(numbers):
        found.add(f"/store/{at}.wsp", OSError(number, os.strerror(number)), 2, is_new=is_new)
    return found


@pytest.mark.parametrize("name", ["EACCES", "EIO", "EISDIR", "ELOOP", "ENAMETOOLONG", "ENOTDIR"])
def test_a_series_that_fails_while_others_are_written_is_at_fault(tmp_path, name):
    """Its points must not keep theirs waiting."""
    found = failures(getattr(errno, name))

    assert found.of_store(tmp_path, is_any_written=True) is None
    assert 2 == found.points


@pytest.mark.parametrize("name", ["EACCES", "EIO", "EROFS"])
def test_if_nothing_is_written_the_store_is_at_fault(tmp_path, name):
    """As after a remount; points wait until that is mended."""
    number = getattr(errno, name)

    assert number == failures(number).of_store(tmp_path, is_any_written=False).errno


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EMFILE", "ENOMEM"])
def test_a_known_series_without_room_is_the_fault_of_the_store(tmp_path, name):
    """The disk is full, or lmaster's limits are reached: that passes."""
    found = failures(errno.EACCES, getattr(errno, name), is_new=False)

    assert getattr(errno, name) == found.of_store(tmp_path, is_any_written=True).errno


def test_a_new_series_on_a_full_disk_waits(tmp_path):
    """This disk has inodes left, so it has no room for points."""
    assert errno.ENOSPC == failures(errno.ENOSPC).of_store(tmp_path, is_any_written=True).errno


def test_a_series_that_is_sent_alone_is_at_fault_as_it_was_a_moment_ago():
    """Else it would look like a store that fails, whenever it comes first."""
    now_s = [0.0]
    log = FailureLog(lambda: now_s[0])
    assert not log.has_just(failures(errno.EISDIR))
    log.add(failures(errno.EISDIR))

    assert log.has_just(failures(errno.EISDIR))
    assert not log.has_just(failures(errno.EISDIR, errno.EIO))
    now_s[0] = 60.0
    assert not log.has_just(failures(errno.EISDIR))


def test_each_reason_is_logged_once_in_an_hour(caplog):
    """With the first file of it, and how many more there are."""
    now_s = [0.0]
    log = FailureLog(lambda: now_s[0])
    for now_s[0] in (0.0, 10.0, 3599.0, 3600.0):
        log.add(failures(errno.EISDIR, errno.EISDIR, errno.ENOSPC))

    directory = ("/store/0.wsp", "Is a directory", " (and 1 more series)", WHAT_TO_DO)
    full = ("/store/2.wsp", "No space left on device", "", FREE_INODES)
    assert [NOT_WRITTEN % directory, NOT_WRITTEN % full] * 2 == caplog.messages
