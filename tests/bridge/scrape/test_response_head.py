"""Heads of responses that need mending. Other tests read them with what follows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import ScrapeError
from fructosa_bridge.scrape.response_head import mended_head
from fructosa_bridge.scrape.scrape_errors import invalid_head


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"HTTP/1.0 200 OK\na: b", b"HTTP/1.0 200 OK\r\na: b\r\n\r\n"),
        (b"HTTP/1.1 200\r\nA:b\r\n  c\r\n", b"HTTP/1.1 200\r\nA: b c\r\n\r\n"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\ncontent-length:7 ",
            b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\ncontent-length: 8\r\nTransfer-Encoding: x",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n",
        ),
        (b"HTTP/1.1 200 OK\r\nx\0y: z\r\n: \r\na: \x07", b"HTTP/1.1 200 OK\r\na:  \r\n\r\n"),
    ],
)
def test_a_head_is_mended_as_gos_client_reads_it(head, expected):
    """Of a length beside chunks, and of names that no header has, nothing is left."""
    assert expected == mended_head(head)


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"HTTP/1.1 2 OK", "its first line is b'HTTP/1.1 2 OK'"),
        (
            b"HTTP/1.1 200 OK\nContent-Length: 5\ncontent-length: 7",
            "it has several lengths, 5 and 7",
        ),
    ],
)
def test_a_head_that_cannot_be_understood_is_refused(head, problem):
    """The message says what is wrong with it."""
    with pytest.raises(ScrapeError) as caught:
        mended_head(head)

    assert invalid_head(problem) == str(caught.value)


@given(st.lists(st.binary(max_size=30)))
def test_a_mended_head_has_one_line_for_each_field(lines):
    """Whatever the lines are: none smuggles another one in."""
    try:
        status, *fields, end, rest = mended_head(b"\n".join([b"HTTP/1.1 200 x", *lines])).split(
            b"\r\n"
        )
    except ScrapeError:
        return

    assert (b"", b"") == (end, rest)
    assert status.startswith(b"HTTP/1.1 200")
    assert all(b": " in field and b"\n" not in field for field in fields)
