"""The edge to the nodes: one HTTP request for a page."""

from http import HTTPStatus

import aiohttp

from .errors import ScrapeError, reason
from .model import Target

_ACCEPT = "text/plain;version=0.0.4"
_MOST_BYTES = 64 * 2**20
_CHUNK = 2**16


def session() -> aiohttp.ClientSession:
    """Return the session of all scrapes: connections stay open, at most one a target."""
    connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60)
    # The environment's proxies are for the world outside, not for the nodes of a cluster.
    return aiohttp.ClientSession(connector=connector, trust_env=False)


async def fetch(client: aiohttp.ClientSession, target: Target) -> str:
    """Return the page of a *target*.

    Raises: ScrapeError, whose text says what a person has to know.
    """
    headers = {
        "Accept": _ACCEPT,
        "X-Prometheus-Scrape-Timeout-Seconds": f"{target.timeout_s:g}",
    }
    timeout = aiohttp.ClientTimeout(total=target.timeout_s)
    try:
        async with client.get(
            target.url, headers=headers, timeout=timeout, allow_redirects=False
        ) as answer:
            if answer.status != HTTPStatus.OK:
                raise ScrapeError(await _refusal(answer))
            return (await _body(answer)).decode("utf-8", "surrogateescape")
    except TimeoutError as error:
        raise ScrapeError(f"no page within the timeout of {target.timeout_s:g} s") from error
    except aiohttp.ClientConnectorError as error:
        raise ScrapeError(f"can't connect: {reason(error.os_error)}") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise ScrapeError(f"the answer broke off: {error}") from error


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > _MOST_BYTES:
            raise ScrapeError(f"the page is longer than {_MOST_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


async def _refusal(answer: aiohttp.ClientResponse) -> str:
    start = (await answer.content.read(200)).decode("utf-8", "replace").strip()
    return f"the answer was {answer.status} {answer.reason}" + (f": {start}" if start else "")
