"""The lock of a running daemon on its pid file."""

import os
from pathlib import Path

import pytest

from fructosa_service.daemon import file_lock


@pytest.fixture
def file(tmp_path):
    """An open file."""
    with (tmp_path / "x.pid").open("w+b") as opened:
        yield opened


@pytest.fixture
def again(file):
    """The same file, opened by somebody else."""
    with Path(file.name).open("r+b") as opened:
        yield opened.fileno()


def test_a_lock_is_seen_by_others_until_the_file_is_closed(file, again):
    """Who asks does not lock it."""
    assert not file_lock.is_held(again)
    assert file_lock.acquire(file.fileno())
    assert file_lock.is_held(again)
    assert not file_lock.acquire(again)

    file.close()

    assert file_lock.acquire(again)


def test_a_forked_process_keeps_it(file, again):
    """As the daemon does when its start command exits."""
    read_end, write_end = os.pipe()
    file_lock.acquire(file.fileno())
    if not (child := os.fork()):
        os.close(write_end)
        os.read(read_end, 1)  # until the parent closes the pipe
        os._exit(0)
    file.close()

    assert not file_lock.acquire(again)
    os.close(write_end)
    os.waitpid(child, 0)
    assert file_lock.acquire(again)
    os.close(read_end)


def test_who_has_the_file_open_is_seen(file):
    """This process; another one, or none, has not."""
    status = os.fstat(file.fileno())

    assert file_lock.has_open(os.getpid(), status)
    file.close()
    assert not file_lock.has_open(os.getpid(), status)
    assert not file_lock.has_open(2**22, status)
