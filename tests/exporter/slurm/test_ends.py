"""The ends of processes."""

import errno
import os
import select

import pytest

from fructosa_exporter.slurm import ends
from fructosa_exporter.slurm.ends import NO_PIDFD, ProcessEnds
from fructosa_exporter.slurm.layouts import Level, Place
from fructosa_exporter.slurm.tracked import Folder

from .watching import Process


def a_folder():
    """Return the folder of a task."""
    return Folder(Place(Level.TASK, 1, "task_0"), None, 1)


@pytest.fixture
def poller():
    """What waits for pidfds."""
    with select.epoll() as made:
        yield made


def test_the_end_of_a_process_is_told_once(poller):
    """Then its folder is forgotten, and its pidfd is closed."""
    process, folder, watched = Process(), a_folder(), ProcessEnds(poller)
    assert not watched.watch(folder, process.pid)
    assert [] == poller.poll(0)
    process.end()
    ((pidfd, _),) = poller.poll(10)

    assert folder is watched.take(pidfd)
    assert watched.take(pidfd) is None
    assert -1 == folder.pidfd
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(pidfd)


def test_a_process_that_has_ended_is_not_watched(poller):
    """Its job can be read at once."""
    process = Process()
    process.end()

    assert ProcessEnds(poller).watch(a_folder(), process.pid)


@pytest.mark.parametrize(("number", "can_watch"), [(errno.EPERM, False), (errno.EMFILE, True)])
def test_a_failure_has_a_reason(poller, number, can_watch):
    """If only files are used up, later ones may be watched."""

    def fail(_pid):
        raise OSError(number, "because")

    watched = ProcessEnds(poller, fail)

    assert not watched.watch(a_folder(), 1)
    assert (NO_PIDFD.format(reason="because"), can_watch) == (watched.reason, watched.can_watch)


def test_there_are_not_too_many(poller, monkeypatch):
    """lagent needs files for connections too."""
    monkeypatch.setattr(ends, "MOST_PIDFDS", 1)
    watched, folders = ProcessEnds(poller), [a_folder(), a_folder()]

    for folder in folders:
        watched.watch(folder, os.getpid())

    assert [True, False] == [folder.pidfd >= 0 for folder in folders]
    watched.close()
    assert [-1, -1] == [folder.pidfd for folder in folders]
