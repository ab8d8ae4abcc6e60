"""The body of a response: limited, decompressed, and recognised if it is not a page of metrics."""

import gzip
import json
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import ScrapeError
from fructosa_bridge.scrape.response_body import (
    IS_GZIP,
    IS_HTML,
    IS_JSON,
    PAGE_TOO_LONG,
    UNEXPECTED_ENCODING,
    ResponseBody,
    is_misnamed,
    media_type,
    unexpected_content,
)

from ..node import GOOD_PAGE

MIB = 2**20
BOMB = gzip.compress(bytes(64 * MIB))  # 64 KiB
# Without a time, which would be part of the names of tests.
GZIP = gzip.compress(GOOD_PAGE, mtime=0)


def received(*chunks, coding="gzip", page_limit=MIB):
    """Return the whole body that was received in *chunks*."""
    body = ResponseBody(coding, page_limit)
    for chunk in chunks:
        body.add(chunk)
    return body.complete()


@given(st.lists(st.binary(max_size=200)), st.booleans(), st.integers(1, 50))
def test_a_body_is_the_same_in_chunks_of_any_size(parts, is_compressed, size):
    """With gzip and without."""
    sent = b"".join(parts)
    wire = gzip.compress(sent) if is_compressed else sent
    chunks = [wire[start : start + size] for start in range(0, len(wire), size)]

    assert sent == received(*chunks, coding="gzip" if is_compressed else "")


@pytest.mark.parametrize("coding", ["gzip", " X-GZIP "])
def test_a_body_may_have_several_gzip_members(coding):
    """As if they had been compressed together."""
    members = gzip.compress(GOOD_PAGE[:9]) + gzip.compress(GOOD_PAGE[9:])

    assert GOOD_PAGE == received(members, coding=coding)


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip"])
def test_an_unexpected_encoding_is_refused(coding):
    """lmaster requests only gzip, if anything."""
    with pytest.raises(ScrapeError) as caught:
        ResponseBody(coding, MIB)

    assert UNEXPECTED_ENCODING.format(coding=coding) == str(caught.value)


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (
            GOOD_PAGE,
            "the page is not valid gzip after 0 bytes, though its Content-Encoding is gzip",
        ),
        (GZIP[:-12], "the page is incomplete: its gzip stream ended after "),
        (gzip.compress(b"", mtime=0) * 1000, "the page has more than 100 gzip members"),
        (zlib.compress(GOOD_PAGE), "the page is not valid gzip"),
        (BOMB, PAGE_TOO_LONG.format(limit=MIB)),
    ],
    ids=["not gzip", "incomplete", "many members", "zlib", "bomb"],
)
def test_an_invalid_gzip_stream_is_refused(chunk, message):
    """The message has the number of bytes that were decompressed before."""
    with pytest.raises(ScrapeError) as caught:
        received(chunk)

    assert str(caught.value).startswith(message)


def test_a_gzip_bomb_is_refused_before_it_fills_the_memory():
    """A chunk of 64 KiB would become 64 MiB; only one more piece than allowed is decompressed."""
    body = ResponseBody("gzip", MIB)
    body.add(BOMB)
    at_once = body.size

    with pytest.raises(ScrapeError):
        body.complete()

    assert at_once == 2**18

    assert MIB < body.size <= MIB + 2**18


@pytest.mark.parametrize(("page_limit", "is_refused"), [(len(GOOD_PAGE), False), (26, True)])
def test_a_body_may_have_exactly_as_many_bytes_as_the_limit(page_limit, is_refused):
    """One byte more is refused."""
    body = ResponseBody("", page_limit)
    body.add(GOOD_PAGE[:20])

    if is_refused:
        with pytest.raises(ScrapeError, match=re.escape(PAGE_TOO_LONG.format(limit=26))):
            body.add(GOOD_PAGE[20:])
    else:
        body.add(GOOD_PAGE[20:])
        assert GOOD_PAGE == body.complete()


@given(st.binary())
def test_any_bytes_are_gzip_or_refused(content):
    """No error but ScrapeError is raised."""
    body = ResponseBody("gzip", 1000)
    try:
        body.add(content)
        body.complete()
    except ScrapeError:
        return
    assert body.size <= 1000


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/html; charset=utf-8", IS_HTML),
        ("Application/JSON", IS_JSON),
        (
            "application/vnd.google.protobuf; encoding=delimited",
            "the response is in Prometheus's protobuf format, which is not supported",
        ),
        ("text/plain; version=0.0.4", None),
        ("application/octet-stream", None),
        ("", None),
    ],
)
def test_a_page_that_may_be_anything_is_what_its_media_type_says(content_type, expected):
    """An unknown one is accepted: some exporters have a wrong one, or none."""
    media = media_type(content_type)

    assert expected == unexpected_content(b"Hello world", media)
    assert is_misnamed(media) is (expected is not None)
    assert unexpected_content(b"", media) == expected


@pytest.mark.parametrize(
    "page",
    [
        b"# HELP a A.\n",
        b"\n\na 1\n",
        b"a\tNaN\n",
        b'a{x="}"} +Inf\n',
        b"a {} -1",
        b'{"a.b"} 1\n',
        b"# EOF\n",
    ],
)
@pytest.mark.parametrize(
    "media", ["text/html", "application/json", "application/vnd.google.protobuf"]
)
def test_a_page_that_begins_with_metrics_is_read_whatever_its_media_type_says(page, media):
    """A header is more often wrong than the page."""
    assert unexpected_content(page, media) is None


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"\n <html>", IS_HTML),
        (b'\n{ "a": 1}', IS_JSON),
        (GZIP, IS_GZIP),
        (b"", None),
        (b"# <html>\n", None),
        (b'{"a.b",c="d"} 1\n', None),
        (b"\n\nup 1\n", None),
    ],
)
def test_a_page_that_is_not_metrics_is_recognised_by_its_first_bytes(page, expected):
    """Anything else is left to the parser, also names in quotes within braces."""
    assert expected == unexpected_content(page, "text/plain")


VALUES = st.none() | st.integers() | st.text()
NAMES = st.text(max_size=20)  # the examined bytes have a whole name


@given(st.lists(VALUES) | st.dictionaries(NAMES, VALUES), st.sampled_from([None, 2]))
def test_any_json_is_recognised_by_its_first_bytes(value, indent):
    """Arrays and objects, with white space and without."""
    page = json.dumps(value, indent=indent).encode()

    assert IS_JSON == unexpected_content(page[:500], "")
