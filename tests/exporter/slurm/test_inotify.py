"""inotify, on folders of the test."""

import errno
import os
import select

import pytest

from fructosa_exporter.slurm import inotify
from fructosa_exporter.slurm.inotify import (
    TOO_MANY_INSTANCES,
    TOO_MANY_WATCHES,
    Inotify,
    InotifyUnavailable,
)


@pytest.fixture
def messages():
    """An instance without watches."""
    made = Inotify()
    yield made
    made.close()


def test_folders_that_come_and_go_are_told(messages, tmp_path):
    """With the watch of the folder above, and their name."""
    watch = messages.add(str(tmp_path), inotify.CREATE | inotify.DELETE)
    (tmp_path / "job_1").mkdir()
    (tmp_path / "job_1").rmdir()

    found = [(event.watch, event.mask, event.name) for event in messages.events()]

    folder = inotify.IS_FOLDER
    assert [
        (watch, inotify.CREATE | folder, "job_1"),
        (watch, inotify.DELETE | folder, "job_1"),
    ] == found
    assert [] == list(messages.events())


def test_a_folder_that_is_watched_already_has_the_same_number(messages, tmp_path):
    """And one of the same name that came later has another."""
    folder = tmp_path / "job_1"
    folder.mkdir()
    first = messages.add(str(folder), inotify.CREATE)

    assert first == messages.add(str(folder), inotify.CREATE)
    folder.rmdir()
    folder.mkdir()
    assert first != messages.add(str(folder), inotify.CREATE)


def test_what_is_not_there_cannot_be_watched(messages, tmp_path):
    """It is gone."""
    assert messages.add(str(tmp_path / "none"), inotify.CREATE) is None


def test_a_watch_that_is_removed_tells_so(messages, tmp_path):
    """Once."""
    watch = messages.add(str(tmp_path), inotify.CREATE)
    messages.remove(watch)

    assert [(watch, inotify.IGNORED, "")] == list(messages.events())


class FailingLibrary:
    """A C library whose functions fail."""

    def __init__(self, **results):
        self._results = results

    def __getattr__(self, name):
        return lambda *_: self._results[name]


@pytest.mark.parametrize(
    ("number", "text"), [(errno.EMFILE, TOO_MANY_INSTANCES), (errno.ENOSYS, "inotify fails: Func")]
)
def test_an_instance_that_cannot_be_had_says_why(monkeypatch, number, text):
    """And what to do about it."""
    monkeypatch.setattr(inotify, "_libc", lambda: FailingLibrary(inotify_init1=-1))
    monkeypatch.setattr(inotify, "_errno", lambda: number)

    with pytest.raises(InotifyUnavailable, match=text):
        Inotify()


def test_too_many_watches_are_an_error(monkeypatch, messages, tmp_path):
    """Another error means that the folder is gone."""
    real_fd = messages.fd
    monkeypatch.setattr(messages, "_libc", FailingLibrary(inotify_add_watch=-1))
    monkeypatch.setattr(inotify, "_errno", lambda: errno.ENOSPC)

    with pytest.raises(InotifyUnavailable, match=TOO_MANY_WATCHES):
        messages.add(str(tmp_path), inotify.CREATE)

    monkeypatch.setattr(inotify, "_errno", lambda: errno.EACCES)
    assert messages.add(str(tmp_path), inotify.CREATE) is None
    os.fstat(real_fd)


def test_a_c_library_without_inotify_is_an_error(monkeypatch):
    """Then jobs are only polled."""

    def missing():
        raise OSError("no such library")

    monkeypatch.setattr(inotify, "_libc", missing)

    with pytest.raises(InotifyUnavailable, match="has no inotify: no such library"):
        Inotify()


def test_a_watch_that_is_stopped_wakes_nobody(messages, tmp_path):
    """The kernel tells of it; that comes with the next message."""
    watch = messages.add(str(tmp_path), inotify.CREATE)
    messages.remove(watch)

    ready, _, _ = select.select([messages.fd], [], [], 0)

    assert [] == ready
    assert [(watch, inotify.IGNORED)] == [(one.watch, one.mask) for one in messages.events()]


def test_a_name_that_is_no_text_can_be_watched(messages, tmp_path):
    """Folders may have any bytes in their names."""
    folder = os.fsencode(tmp_path) + b"/\xff.slice"
    os.mkdir(folder)  # noqa: PTH102 - a Path has no bytes

    assert messages.add(os.fsdecode(folder), inotify.CREATE) is not None
