"""`python -m benchmarks.bridge.fetching`: a page fetched by lmaster's client, aiohttp's, requests'.

All ask one nginx for the same page on a connection that is kept, round by round in turn. Measured
is the CPU time of this process until the page is there as text.
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
Medians of the rounds; user and kernel mode of who asks, not of nginx. A ratio is another client's
CPU time to lmaster's. Each must get the page whole, unpacked and as text."""

Fetch = Callable[[], Awaitable[str]]


def main() -> int:
    """Measure and print."""
    return run(_measure)


def _measure() -> bool:
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.fetching", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="to try it, not to quote it")
    fetches = 100 if parser.parse_args().quick else 2000
    with (
        tempfile.TemporaryDirectory(prefix="bench-fetching-") as name,
        farm(Path(name) / "farm", 1, _SAMPLES) as nodes,
    ):
        print(f"{nodes.what}\n", flush=True)
        asyncio.run(_compare(nodes.port, fetches))
    print(NOTES)
    return True


async def _compare(port: int, fetches: int) -> None:
    async with AsyncExitStack() as stack:
        rows = []
        for is_packed in (False, True):
            clients = await _clients(stack, port, is_packed=is_packed)
            costs = await _in_turn(clients, fetches)
            rows.append(_row("gzip" if is_packed else "plain", costs))
        print(table(("page", *clients), rows))


async def _clients(stack: AsyncExitStack, port: int, *, is_packed: bool) -> Mapping[str, Fetch]:
    """Return what fetches a page, by name; lmaster's is the first."""
    access = Access(compression=is_packed)
    target = Target(
        group="all", host="127.1.0.1", port=port, graphite_path="n", interval_s=60, access=access
    )
    headers = {"Accept-Encoding": "gzip" if is_packed else "identity"}
    own = await stack.enter_async_context(Client())
    session = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
    blocking = stack.enter_context(requests.Session())
    blocking.headers.update(headers)
    blocking.trust_env = False

    async def by_lmaster() -> str:
        return (await own.fetch(target)).text

    async def by_aiohttp() -> str:
        async with session.get(target.url, timeout=aiohttp.ClientTimeout(5)) as answer:
            return (await answer.read()).decode()

    async def by_requests() -> str:
        return blocking.get(target.url, timeout=5).content.decode()

    return {"lmaster": by_lmaster, "aiohttp": by_aiohttp, "requests": by_requests}


async def _in_turn(clients: Mapping[str, Fetch], fetches: int) -> dict[str, float]:
    """Return the CPU time of a fetch by each client, in µs."""
    costs: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(_ROUNDS):
        for name, fetch in clients.items():
            costs[name].append(await _cost_us(name, fetch, fetches))
    return {name: statistics.median(found) for name, found in costs.items()}


async def _cost_us(name: str, fetch: Fetch, fetches: int) -> float:
    began_s = time.process_time()
    for _ in range(fetches):
        page = await fetch()
    spent_s = time.process_time() - began_s
    samples = sum(1 for line in page.splitlines() if not line.startswith("#"))
    if samples != _SAMPLES:
        raise CannotRun(f"{name} got {samples} samples instead of {_SAMPLES}")
    return spent_s / fetches * 1e6


def _row(kind: str, costs: Mapping[str, float]) -> tuple[str, ...]:
    return kind, *_cells(costs)


def _cells(costs: Mapping[str, float]) -> Iterator[str]:
    own = next(iter(costs.values()))
    for number, cost in enumerate(costs.values()):
        yield f"{cost:.0f} µs" if number == 0 else f"{cost / own:.1f} {TIMES} ({cost:.0f} µs)"


if __name__ == "__main__":
    sys.exit(main())
