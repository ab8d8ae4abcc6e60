"""The wiring: targets → scraper → spools → destinations, and the pages that show it."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from fructosa_service.background_tasks import Tasks

from ..config.settings import MasterConfig
from ..deliver.destinations import delivery, destination, drain
from ..model.target import Target
from ..scrape.client import Client
from ..scrape.scraper import Scraper
from ..scrape.target_state import TargetState
from ..web.pages import serve
from .engine import Engine, Load
from .process_limits import keep_freed, look_through_seldom

log = logging.getLogger("lmaster")

# On the way out, what is queued gets so long to be delivered.
_LAST_DELIVERY_S = 5.0


async def scrape_for_ever(
    config: MasterConfig,
    targets: Sequence[Target],
    load: Load | None = None,
    ready: Callable[[Sequence[str]], None] = lambda urls: None,
) -> None:
    """Scrape until SIGTERM or SIGINT; then deliver what is queued, if that can be done soon.

    On SIGHUP the configuration is read again, by *load*. When all runs, *ready* is told where the
    pages are.
    """
    keep_freed()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Client())
        engine = Engine(config, client, load)
        ending = _at_signals(engine)
        stack.push_async_callback(engine.stop, _LAST_DELIVERY_S)
        engine.prepare()
        pages = await serve(engine, config.web, config.master.host, config.master.port)
        stack.push_async_callback(pages.close)
        names = [one.destination.name for one in engine.deliveries]
        log.info("%d targets; points go to %s", len(targets), ", ".join(names) or "nowhere")
        log.info("status page: %s", " ".join(pages.urls))
        await engine.start(targets)
        look_through_seldom()
        ready(pages.urls)
        await _first(ending, asyncio.create_task(engine.failure()))
    log.info("ended")


async def _first(*tasks: "asyncio.Task[object]") -> None:
    """Wait for the first of *tasks* to end; raise what it ended with."""
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    for task in done:
        task.result()


def _at_signals(engine: Engine) -> "asyncio.Task[object]":
    """Return what ends at SIGTERM or SIGINT; read the configuration again at SIGHUP."""
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    reloading: set[asyncio.Task[object]] = set()

    def reload() -> None:
        if engine.reload is None:
            log.warning("SIGHUP: lmaster runs without a configuration file, nothing is read again")
            return
        task = asyncio.ensure_future(engine.reload())
        reloading.add(task)
        task.add_done_callback(reloading.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    return asyncio.create_task(end.wait())


async def scrape_once(
    config: MasterConfig, targets: Sequence[Target]
) -> tuple[list[TargetState], int]:
    """Scrape every target once, now; return the outcomes, and how many points are not delivered."""
    states = [TargetState(target) for target in targets]
    sections = [each for each in config.destinations.values() if each.send]
    deliveries = [delivery(destination(each), config.master) for each in sections]
    async with Client() as client:
        scraper = Scraper(client, [one.spool for one in deliveries], config.master.sample_limit)
        now_s = time.time()
        await asyncio.gather(*(scraper.scrape(state, now_s) for state in states))
        scraper.flush()
    tasks = Tasks()
    for one in deliveries:
        tasks.begin(one, one.run())
    await _first(
        asyncio.create_task(drain(deliveries, _LAST_DELIVERY_S)),
        asyncio.create_task(tasks.failure()),
    )
    await tasks.end_all()
    for one in deliveries:
        await one.destination.close()
    return states, sum(one.spool.points for one in deliveries)
