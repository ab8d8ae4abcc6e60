"""Counts of hardware, some of which it does not have."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.sources.hardware_counts import AGAIN_S, HardwareCounts


class Files:
    """Files by path: a text, or the number of an error. It counts the attempts to read them."""

    def __init__(self, **files):
        self.files, self.attempts, self.now_s = files, 0, 100.0
        self.counts = HardwareCounts(self.text, lambda: self.now_s)

    def text(self, path):
        """Return the text, or raise the error; a file that is not listed does not exist."""
        self.attempts += 1
        found = self.files.get(path, errno.ENOENT)
        if isinstance(found, int):
            raise OSError(found, "refused")
        return found


def test_a_count_is_read_each_time():
    """It changes."""
    files = Files(a="1\n")
    assert 1 == files.counts.count("a")

    files.files["a"] = "2\n"

    assert 2 == files.counts.count("a")


@pytest.mark.parametrize(
    "content", ["N/A (no PMA)", "", "-1", str(2**64 - 1), errno.EINVAL, errno.ENOENT]
)
def test_a_count_that_does_not_exist_is_looked_for_once_a_minute(content):
    """The driver has a file for it, but no count; or it has no file."""
    files = Files(a=content)
    assert [None, None, None] == [files.counts.count("a") for _ in range(3)]
    assert [1, False] == [files.attempts, files.counts.exists("a")]

    files.files["a"] = "7"
    files.now_s += AGAIN_S

    assert [7, True] == [files.counts.count("a"), files.counts.exists("a")]


def test_a_count_that_can_not_be_read_now_exists():
    """It is read again at once."""
    files = Files(a=errno.EIO)
    assert [None, None] == [files.counts.count("a") for _ in range(2)]

    assert [2, True] == [files.attempts, files.counts.exists("a")]


def test_a_missing_permission_is_raised():
    """It is no property of the hardware."""
    with pytest.raises(PermissionError):
        Files(a=errno.EACCES).counts.count("a")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a": "1", "b": "2", "c": "4"}, 1),
        ({"b": "2", "c": "4"}, 6),
        ({"c": "4"}, 4),
        ({"a": errno.EIO, "b": "2"}, None),
        ({"b": errno.EIO, "c": "4"}, None),
        ({}, None),
    ],
)
def test_the_first_group_that_exists_is_summed_up(files, expected):
    """Only as a whole: another group, or a part, would be another counter."""
    assert expected == Files(**files).counts.first([("a",), ("b", "c")])


@given(st.text())
def test_any_text_is_a_count_or_none(text):
    """Of 64 bits."""
    count = Files(a=text).counts.count("a")

    assert count is None or 0 <= count < 2**64 - 1
