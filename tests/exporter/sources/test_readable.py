"""Reading what can be read of several things."""

import pytest

from fructosa_exporter.sources.readable import or_none, readable


def reading(**answers):
    """Return a function that returns or raises these answers by name."""

    def read(name):
        answer = answers[name]
        if isinstance(answer, OSError):
            raise answer
        return answer

    return read


def test_what_cannot_be_read_costs_only_itself():
    """Zero is a value."""
    read = reading(a=1, b=None, c=PermissionError(), d=0)

    assert [("a", 1), ("d", 0)] == readable("things", "abcd", read)


def test_of_nothing_nothing_is_read():
    """That is no error."""
    assert [] == readable("things", "", reading())


def test_it_is_an_error_if_nothing_can_be_read():
    """The message has their number."""
    with pytest.raises(OSError, match="none of 2 things can be read"):
        readable("things", "ab", reading(a=None, b=None))


def test_a_missing_permission_is_told_as_such():
    """So the caller says which rights are missing."""
    with pytest.raises(PermissionError, match="denied"):
        readable("things", "ab", reading(a=None, b=PermissionError("denied")))


def test_without_a_permission_an_optional_file_is_none():
    """Other errors are those of the function itself."""
    read = reading(a=1, b=PermissionError(), c=OSError("broken"))

    assert [1, None] == [or_none(read, "a"), or_none(read, "b")]
    with pytest.raises(OSError, match="broken"):
        or_none(read, "c")
