"""Files that are read again when they change, without a restart."""

import logging
import os

import pytest

from fructosa_service.errors import UsageError
from fructosa_service.file_cache import FileCache


class Clock:
    """A clock that can be put forward."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


def time_passes(path):
    """Wait until the file system's clock, which older kernels set every 4 ms, has moved on."""
    probe = path.with_suffix(".probe")
    probe.touch()
    while probe.stat().st_ctime_ns <= path.stat().st_ctime_ns:
        probe.touch()


class Text:
    """A file that is kept, how often it was read, and the log of that."""

    def __init__(self, path):
        self.path = path
        self.clock = Clock()
        self.reads = 0
        self.write("first")
        self.kept = FileCache([path], self.read, self.clock)

    def read(self):
        self.reads += 1
        try:
            text = self.path.read_text()
        except OSError as error:
            raise UsageError(f"{self.path}: {error.strerror}") from error
        if text == "broken":
            raise UsageError(f"{self.path}: is broken")
        return text

    def write(self, text):
        """Put another file in its place, as an editor does."""
        fresh = self.path.with_suffix(".fresh")
        fresh.write_text(text)
        fresh.replace(self.path)

    def later(self, seconds=1.0):
        """Return the value some seconds later."""
        self.clock.now_s += seconds
        return self.kept.value()


@pytest.fixture
def text(tmp_path, caplog):
    """A file that says first."""
    caplog.set_level(logging.INFO)
    return Text(tmp_path / "text")


def test_a_file_that_does_not_change_is_read_once(text, caplog):
    """However often it is asked for; nothing is logged."""
    values = {text.later(100) for _ in range(10)}

    assert {"first"} == values
    assert 1 == text.reads
    assert [] == caplog.messages


def test_a_file_that_changed_is_read_again(text, caplog):
    """A second later at the latest, once; the log says so."""
    text.write("second")

    assert "second" == text.later()
    assert "second" == text.later()
    assert 2 == text.reads
    assert [f"read again: {text.path}"] == caplog.messages


def test_a_file_is_looked_at_no_more_than_once_a_second(text):
    """A thousand requests a second cost no more than one."""
    assert "first" == text.later()
    text.write("second")

    assert ["first", "first"] == [text.later(0.0), text.later(0.9)]
    assert "second" == text.later(0.1)


@pytest.mark.parametrize("size", [5, 50])
def test_a_file_that_is_written_in_place_is_read_again(text, size):
    """Also where its length stays the same."""
    time_passes(text.path)
    text.path.write_text("x" * size)

    assert "x" * size == text.later()


def test_a_file_whose_times_are_put_back_is_read_again(text):
    """As by cp -p, which keeps the time at which the content was written."""
    time_passes(text.path)
    before = text.path.stat()
    text.path.write_text("other")
    os.utime(text.path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert "other" == text.later()


def test_a_file_that_is_made_readable_is_read_again(text):
    """Though neither its content nor the time of that changes."""
    text.path.chmod(0o600)
    text.later()
    reads = text.reads
    time_passes(text.path)

    text.path.chmod(0o644)
    text.later()

    assert reads + 1 == text.reads


def test_a_file_that_becomes_broken_leaves_what_was_before(text, caplog):
    """The log says it once, not at every request."""
    text.write("broken")

    assert ["first"] * 3 == [text.later() for _ in range(3)]
    assert 2 == text.reads
    message = f"{text.path}: is broken; what was read before goes on to be used"
    assert [("ERROR", message)] == [(one.levelname, one.message) for one in caplog.records]


def test_a_file_that_is_mended_is_used(text):
    """Without a restart."""
    text.write("broken")
    assert "first" == text.later()

    text.write("mended")

    assert "mended" == text.later()


def test_a_file_that_is_removed_leaves_what_was_before(text, caplog):
    """And is read again when it comes back."""
    text.path.unlink()

    assert ["first"] * 3 == [text.later() for _ in range(3)]
    assert 1 == len(caplog.messages)
    text.write("back")
    assert "back" == text.later()


def test_a_link_that_is_turned_elsewhere_is_followed(text, tmp_path):
    """As where a folder of secrets is exchanged as a whole."""
    link = tmp_path / "link"
    link.symlink_to(text.path)
    (tmp_path / "other").write_text("other")
    kept = FileCache([link], link.read_text, text.clock)
    (tmp_path / "new").symlink_to("other")
    (tmp_path / "new").replace(link)
    text.clock.now_s += 1

    assert "other" == kept.value()


def test_any_of_several_files_counts(text, tmp_path, caplog):
    """A certificate and its key are made to one thing; the message names both."""
    other = tmp_path / "other"
    other.write_text("a")
    kept = FileCache([text.path, other], lambda: text.read() + other.read_text(), text.clock)
    other.write_text("bc")
    text.clock.now_s += 1

    assert "firstbc" == kept.value()
    assert [f"read again: {text.path}, {other}"] == caplog.messages


def test_a_file_that_is_broken_from_the_beginning_is_an_error(text):
    """There is nothing to go on with."""
    text.write("broken")

    with pytest.raises(UsageError, match="is broken"):
        FileCache([text.path], text.read, text.clock)
