"""`python -m benchmarks.bridge.fetching`: the HTTP clients of lmaster, aiohttp and requests.

All fetch the same page from one nginx over a persistent connection, in turn, in several rounds.
The benchmark measures the CPU time of this process until the page is available as text.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import requests

from benchmarks.exporter.processes import CannotRun
from benchmarks.exporter.table import TIMES, table
from fructosa_bridge.model.access import Access
from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.client import Client

from .farm import farm
from .program import run

_SAMPLES = 500
_ROUNDS = 5
NOTES = """
Medians of the rounds. CPU time of the client in user and kernel mode, without nginx. A ratio is
another client's CPU time divided by lmaster's. Each client must return the whole page,
uncompressed and as text."""

Fetch = Callable[[], Awaitable[str]]


def main() -> int:
    """Measure and print."""
    return run(_measure)


def _measure() -> bool:
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.fetching", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="do a twentieth of the work: a test, not a result"
    )
    fetches = 100 if parser.parse_args().quick else 2000
    with (
        tempfile.TemporaryDirectory(prefix="bench-fetching-") as name,
        farm(Path(name) / "farm", 1, _SAMPLES) as nodes,
    ):
        print(f"{nodes.description}\n", flush=True)
        asyncio.run(_compare(nodes.port, fetches))
    print(NOTES)
    return True


async def _compare(port: int, fetches: int) -> None:
    async with AsyncExitStack() as stack:
        rows = []
        for gzipped in (False, True):
            clients = await _clients(stack, port, gzipped=gzipped)
            costs = await _cpu_us_by_client(clients, fetches)
            rows.append(("gzip" if gzipped else "plain", *_cells(costs)))
        print(table(("page", *clients), rows))


async def _clients(stack: AsyncExitStack, port: int, *, gzipped: bool) -> Mapping[str, Fetch]:
    """Return the functions that fetch a page, by client; lmaster's is the first."""
    access = Access(compression=gzipped)
    target = Target(
        group="all", host="127.1.0.1", port=port, graphite_path="n", interval_s=60, access=access
    )
    headers = {"Accept-Encoding": "gzip" if gzipped else "identity"}
    lmaster = await stack.enter_async_context(Client())
    session = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
    blocking = stack.enter_context(requests.Session())
    blocking.headers.update(headers)
    blocking.trust_env = False

    async def fetch_with_lmaster() -> str:
        return (await lmaster.fetch(target)).text

    async def fetch_with_aiohttp() -> str:
        async with session.get(target.url, timeout=aiohttp.ClientTimeout(5)) as response:
            return (await response.read()).decode()

    async def fetch_with_requests() -> str:
        return blocking.get(target.url, timeout=5).content.decode()

    return {
        "lmaster": fetch_with_lmaster,
        "aiohttp": fetch_with_aiohttp,
        "requests": fetch_with_requests,
    }


async def _cpu_us_by_client(clients: Mapping[str, Fetch], fetches: int) -> dict[str, float]:
    """Return the median CPU time per fetch of each client, in µs."""
    rounds: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(_ROUNDS):
        for name, fetch in clients.items():
            rounds[name].append(await _cpu_us(name, fetch, fetches))
    return {name: statistics.median(costs) for name, costs in rounds.items()}


async def _cpu_us(name: str, fetch: Fetch, fetches: int) -> float:
    started_s = time.process_time()
    for _ in range(fetches):
        page = await fetch()
    spent_s = time.process_time() - started_s
    samples = sum(1 for line in page.splitlines() if not line.startswith("#"))
    if samples != _SAMPLES:
        raise CannotRun(f"{name} got {samples} samples instead of {_SAMPLES}")
    return spent_s / fetches * 1e6


def _cells(costs: Mapping[str, float]) -> Iterator[str]:
    first = next(iter(costs.values()))
    for number, cost in enumerate(costs.values()):
        yield f"{cost:.0f} µs" if number == 0 else f"{cost / first:.1f} {TIMES} ({cost:.0f} µs)"


if __name__ == "__main__":
    sys.exit(main())
