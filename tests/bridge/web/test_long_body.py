"""Responses of several megabytes. How they are sent is tested with the pages."""

import gzip

from fructosa_bridge.web.long_body import LongBody


async def test_a_body_is_there_plain_and_compressed():
    """The client chooses."""
    body = await LongBody.of("€" * 1000)

    assert "€" * 1000 == body.plain.decode()
    assert body.plain == gzip.decompress(body.gzipped)
    assert len(body.gzipped) < len(body.plain)
