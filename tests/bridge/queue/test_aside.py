"""Damaged files that are kept for a look by hand."""

import os

import pytest

from fructosa_bridge.queue.aside import CANNOT_SET_ASIDE, FOLDER, Aside


@pytest.fixture
def aside(tmp_path):
    """The folder for them, with room for 1,000 bytes."""
    return Aside(tmp_path, 1000)


def take(aside, name, size):
    """Set a file aside."""
    path = aside.folder.parent / name
    path.write_bytes(bytes(size))
    aside.take(path)


def names(aside):
    """Return what is set aside."""
    return sorted(path.name for path in aside.folder.iterdir())


def test_the_latest_files_are_kept(aside):
    """Up to the limit; files with the same name do not replace each other."""
    for name, size in (("a", 300), ("b", 400), ("b", 500), ("c", 100)):
        take(aside, name, size)

    assert (["b", "b.1", "c"], 1000) == (names(aside), aside.size_bytes)


def test_a_file_that_is_too_large_is_not_kept(aside):
    """Whatever is found in the folder."""
    take(aside, "a", 2000)

    assert ([], 0) == (names(aside), aside.size_bytes)


def test_after_a_restart_the_limit_holds_for_all(aside):
    """Also for what an earlier run has set aside."""
    take(aside, "a", 600)
    again = Aside(aside.folder.parent, 1000)
    again.open()
    assert again.size_bytes == 600

    take(again, "b", 600)

    assert ["b"] == names(again)


def test_a_file_that_cannot_be_set_aside_is_removed(aside, tmp_path, caplog):
    """Else the queue would meet it again and again."""
    (tmp_path / FOLDER).write_text("a file in its place")

    take(aside, "a", 10)

    assert not os.path.lexists(tmp_path / "a")
    assert CANNOT_SET_ASIDE % (tmp_path / "a", "File exists") in caplog.messages
