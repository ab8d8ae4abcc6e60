"""Hostile nodes that answer with something other than a page."""

import asyncio
import gzip

from .answering import FOREVER_S, MIB, TEXT, Answer, Exchange, chunk, every, head

_CHUNKED = (f"Content-Type: {TEXT}", "Transfer-Encoding: chunked")


async def endless_body(exchange: Exchange) -> None:
    """Send a page that never ends, as fast as it is read."""
    await exchange.send(head(*_CHUNKED))
    await exchange.endlessly(chunk(b"a 1\n" * 2**14))


async def slow_body(exchange: Exchange) -> None:
    """Send a byte of the page now and then."""
    await exchange.send(head(*_CHUNKED))
    async for _ in every(0.2):
        await exchange.send(chunk(b"#"))


async def slow_head(exchange: Exchange) -> None:
    """Send a byte of the head now and then."""
    await exchange.slowly(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10_000)


async def never(_exchange: Exchange) -> None:
    """Send nothing."""
    await asyncio.sleep(FOREVER_S)


async def reset_at_once(exchange: Exchange) -> None:
    """Send a reset in place of an answer."""
    exchange.reset()


async def reset_later(exchange: Exchange) -> None:
    """Send a reset within the page."""
    await exchange.send(head("Content-Length: 1000") + b"a 1\n")
    exchange.reset()


async def too_short(exchange: Exchange) -> None:
    """Send a page with less than its length."""
    await exchange.send(head("Content-Length: 1000") + b"a 1\n")
    exchange.writer.close()


async def too_long(exchange: Exchange) -> None:
    """Send a page with more than its length."""
    await exchange.send(head("Content-Length: 4") + b"a 1\n" * 1000)


async def odd_lengths(exchange: Exchange) -> None:
    """Send lengths that contradict each other, or are no numbers."""
    lengths = ("-1", "9" * 100, "4, 5", "0x10", "")[exchange.number % 5]
    await exchange.send(head(f"Content-Length: {lengths}", "Content-Length: 4") + b"a 1\n")


async def redirect(exchange: Exchange) -> None:
    """Send a redirect to another service of the head node, and to itself."""
    place = ("http://127.0.0.1:22/", "/metrics", "file:///etc/passwd")[exchange.number % 3]
    await exchange.send(head(f"Location: {place}", "Content-Length: 0", status="302 Found"))


async def header_flood(exchange: Exchange) -> None:
    """Send headers for ever."""
    await exchange.send(b"HTTP/1.1 200 OK\r\n")
    await exchange.endlessly(b"X-Flood: y\r\n" * 1000)


async def long_header(exchange: Exchange) -> None:
    """Send one header that never ends."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nX: ")
    await exchange.endlessly(b"y" * 2**14)


async def blank_header(exchange: Exchange) -> None:
    """Send a header of blanks with a NUL at its end."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nX:" + b" " * 60_000 + b"\0\r\n\r\n")


async def continue_flood(exchange: Exchange) -> None:
    """Send provisional answers for ever."""
    await exchange.endlessly(head(status="100 Continue") * 1000)


async def odd_chunks(exchange: Exchange) -> None:
    """Send chunks with wrong sizes."""
    await exchange.send(head(*_CHUNKED) + b"fffffffffffffffff\r\na 1\n\r\n-1\r\n" + b"\0" * 1000)


async def chunk_extensions(exchange: Exchange) -> None:
    """Send extensions of a chunk for ever."""
    await exchange.send(head(*_CHUNKED) + b"1;")
    await exchange.endlessly(b"x=y;" * 4096)


async def tiny_chunks(exchange: Exchange) -> None:
    """Send a page in chunks of a byte."""
    await exchange.send(head(*_CHUNKED) + chunk(b"#") * MIB + b"0\r\n\r\n")


async def gzip_members(exchange: Exchange) -> None:
    """Send thousands of members of gzip."""
    await exchange.page(gzip.compress(b"a 1\n") * 10_000, "Content-Encoding: gzip")


async def not_gzip(exchange: Exchange) -> None:
    """Send noise that is said to be gzip."""
    await exchange.page(b"\x1f\x8b" + b"\xff" * MIB, "Content-Encoding: gzip")


async def web_page(exchange: Exchange) -> None:
    """Send HTML with scripts in it."""
    await exchange.page(b"<html><script>alert(1)</script>" * 1000, media="text/html")


async def long_error(exchange: Exchange) -> None:
    """Send an error with a long text, which is another one each time."""
    text = b"\x1b]0;%d\x07 <b>no</b>\n" % exchange.number * 10_000
    lines = "Content-Type: text/plain", f"Content-Length: {len(text)}"
    await exchange.send(head(*lines, status="500 No\x1b[31m") + text)


async def upgrade(exchange: Exchange) -> None:
    """Send another protocol."""
    await exchange.send(head("Upgrade: h2c", "Connection: Upgrade", status="101 Switching"))
    await exchange.endlessly(b"\0" * 4096)


BAD_ANSWERS: tuple[Answer, ...] = (
    *(endless_body, slow_body, slow_head, never, reset_at_once, reset_later, too_short, too_long),
    *(odd_lengths, redirect, header_flood, long_header, blank_header, continue_flood, odd_chunks),
    *(chunk_extensions, tiny_chunks, gzip_members, not_gzip, web_page, long_error, upgrade),
)
