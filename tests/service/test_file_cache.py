"""Values made from files, which are made again when a file changes."""

import logging
import os

import pytest

from fructosa_service.errors import FileError
from fructosa_service.file_cache import RELOADED, FileCache


class Clock:
    """A clock that can be advanced."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


def time_passes(path):
    """Wait for the file system's clock, which older kernels update every 4 ms."""
    probe = path.with_suffix(".probe")
    probe.touch()
    while probe.stat().st_ctime_ns <= path.stat().st_ctime_ns:
        probe.touch()


class Text:
    """A cached file, and how often it was read."""

    def __init__(self, path):
        self.path = path
        self.clock = Clock()
        self.reads = 0
        self.write("first")
        self.cached = FileCache([path], self.read, self.clock)

    def read(self):
        self.reads += 1
        try:
            text = self.path.read_text()
        except OSError as error:
            raise FileError(f"{self.path}: {error.strerror}") from error
        if text == "broken":
            raise FileError(f"{self.path}: is broken")
        return text

    def write(self, text):
        """Replace the file, as an editor does."""
        fresh = self.path.with_suffix(".fresh")
        fresh.write_text(text)
        fresh.replace(self.path)

    def later(self, seconds=1.0):
        """Return the value some seconds later."""
        self.clock.now_s += seconds
        return self.cached.value()


@pytest.fixture
def text(tmp_path, caplog):
    """A file with the content first."""
    caplog.set_level(logging.INFO)
    return Text(tmp_path / "text")


def test_a_file_that_does_not_change_is_read_once(text, caplog):
    """However often its value is used; nothing is logged."""
    values = {text.later(100) for _ in range(10)}

    assert {"first"} == values
    assert 1 == text.reads
    assert [] == caplog.messages


def test_a_file_that_changed_is_read_again(text, caplog):
    """Once, within a second; the log reports it."""
    text.write("second")

    assert "second" == text.later()
    assert "second" == text.later()
    assert 2 == text.reads
    assert [RELOADED % text.path] == caplog.messages


def test_a_file_is_checked_at_most_once_a_second(text):
    """A thousand requests a second cost no more than one does."""
    assert "first" == text.later()
    text.write("second")

    assert ["first", "first"] == [text.later(0.0), text.later(0.9)]
    assert "second" == text.later(0.1)


@pytest.mark.parametrize("size", [5, 50])
def test_a_file_that_is_written_in_place_is_read_again(text, size):
    """Also if its length stays the same."""
    time_passes(text.path)
    text.path.write_text("x" * size)

    assert "x" * size == text.later()


def test_a_file_with_an_old_modification_time_is_read_again(text):
    """As cp -p writes it."""
    time_passes(text.path)
    before = text.path.stat()
    text.path.write_text("other")
    os.utime(text.path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert "other" == text.later()


def test_a_file_that_is_made_readable_is_read_again(text):
    """Though neither its content nor its modification time changes."""
    text.path.chmod(0o600)
    text.later()
    reads = text.reads
    time_passes(text.path)

    text.path.chmod(0o644)
    text.later()

    assert reads + 1 == text.reads


def test_a_broken_file_leaves_the_previous_content_in_use(text, caplog):
    """It is logged once, not at every request."""
    text.write("broken")

    assert ["first"] * 3 == [text.later() for _ in range(3)]
    assert 2 == text.reads
    message = f"{text.path}: is broken; the previous content stays in use"
    assert [("ERROR", message)] == [(one.levelname, one.message) for one in caplog.records]


def test_a_repaired_file_is_used(text):
    """Without a restart."""
    text.write("broken")
    assert "first" == text.later()

    text.write("repaired")

    assert "repaired" == text.later()


def test_a_removed_file_leaves_the_previous_content_in_use(text, caplog):
    """It is read again when it is back."""
    text.path.unlink()

    assert ["first"] * 3 == [text.later() for _ in range(3)]
    assert 1 == len(caplog.messages)
    text.write("back")
    assert "back" == text.later()


def test_a_link_that_was_changed_is_followed(text, tmp_path):
    """As if a directory of secrets is replaced as a whole."""
    link = tmp_path / "link"
    link.symlink_to(text.path)
    (tmp_path / "other").write_text("other")
    cached = FileCache([link], link.read_text, text.clock)
    (tmp_path / "new").symlink_to("other")
    (tmp_path / "new").replace(link)
    text.clock.now_s += 1

    assert "other" == cached.value()


def test_a_change_of_any_file_counts(text, tmp_path, caplog):
    """A certificate and its key make one value; the message names both."""
    other = tmp_path / "other"
    other.write_text("a")
    cached = FileCache([text.path, other], lambda: text.read() + other.read_text(), text.clock)
    other.write_text("bc")
    text.clock.now_s += 1

    assert "firstbc" == cached.value()
    assert [RELOADED % f"{text.path}, {other}"] == caplog.messages


def test_a_file_that_is_broken_at_the_start_is_an_error(text):
    """There is no previous content."""
    text.write("broken")

    with pytest.raises(FileError, match="is broken"):
        FileCache([text.path], text.read, text.clock)
