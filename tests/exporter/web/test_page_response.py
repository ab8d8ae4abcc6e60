"""The response with a page of metrics."""

import gzip

from fructosa_exporter.page.exposition import Format
from fructosa_exporter.web.page_response import page_response
from fructosa_exporter.web.request import Request

ACCEPTS = Request("GET", "/metrics", headers={"accept-encoding": "gzip"})


def test_a_large_page_is_compressed_if_the_client_accepts_that():
    """A small one is not: that would save nothing."""
    large = page_response("x" * 5000, Format.TEXT, ACCEPTS)
    small = page_response("x", Format.TEXT, ACCEPTS)
    plain = page_response("x" * 5000, Format.TEXT, Request("GET", "/metrics"))

    assert b"x" * 5000 == gzip.decompress(large.body) == plain.body
    assert "gzip" == large.headers["Content-Encoding"]
    assert {"Vary": "Accept, Accept-Encoding"} == small.headers == plain.headers
    assert Format.TEXT.value == large.content_type
