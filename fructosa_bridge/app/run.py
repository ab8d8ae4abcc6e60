"""The wiring: targets → scraper → queue → destinations, and the web pages that show them."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from fructosa_service.logs import reopen_log

from ..config.settings import MasterConfig
from ..model.target import Target
from ..scrape.client import Client
from ..scrape.target_state import TargetState
from ..web.pages import serve
from .engine import Engine, Load
from .process_limits import collect_garbage_rarely, keep_freed, let_threads_alternate
from .slurm_targets import MakeTargets

log = logging.getLogger("lmaster")

# How long lmaster delivers what is queued before it exits.
_LAST_DELIVERY_S = 5.0
STATUS_PAGE = "status page: %s"


async def scrape_for_ever(
    config: MasterConfig,
    targets: Sequence[Target],
    load: Load | None = None,
    ready: Callable[[Sequence[str]], None] = lambda urls: None,
    make_targets: MakeTargets | None = None,
    job_socket: socket.socket | None = None,
) -> None:
    """Scrape until SIGTERM or SIGINT; then deliver what is queued, for a few seconds at most.

    At SIGHUP the configuration is read again with *load*. *ready* is called with the URLs of the
    pages once everything runs. *make_targets* computes the targets when Slurm's nodes change. The
    *job_socket* listens already; without it, it is made here if it is needed.
    """
    keep_freed()
    let_threads_alternate()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Client())
        engine = Engine(config, client, load, make_targets=make_targets, job_socket=job_socket)
        ending = _at_signals(engine)
        stack.push_async_callback(engine.stop, _LAST_DELIVERY_S)
        engine.prepare()
        routes = () if engine.jobs is None else engine.jobs.routes
        pages = await serve(
            engine,
            config.web,
            config.master.host,
            config.master.port,
            routes,
            config.web.hosts,
        )
        stack.push_async_callback(pages.close)
        names = [one.destination.name for one in engine.deliveries]
        log.info("%d targets; points go to %s", len(targets), ", ".join(names) or "nowhere")
        log.info(STATUS_PAGE, " ".join(pages.urls))
        await engine.start(targets)
        collect_garbage_rarely()
        ready(pages.urls)
        await _first(ending, asyncio.create_task(engine.failure()))
    log.info("stopped")


async def _first(*tasks: "asyncio.Task[object]") -> None:
    """Wait for the first of *tasks* to end; raise its error, if there is one."""
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    for task in done:
        task.result()


def _at_signals(engine: Engine) -> "asyncio.Task[object]":
    """Return a task that ends at SIGTERM or SIGINT.

    At SIGHUP the log file is opened and the configuration is read again.
    """
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    reloading: set[asyncio.Task[object]] = set()

    def reload() -> None:
        reopen_log()
        if engine.reload is None:
            log.warning("SIGHUP ignored: lmaster runs without a configuration file")
            return
        task = asyncio.ensure_future(engine.reload())
        reloading.add(task)
        task.add_done_callback(reloading.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    return asyncio.create_task(end.wait())


async def scrape_once(
    config: MasterConfig, targets: Sequence[Target]
) -> tuple[list[TargetState], int]:
    """Scrape every target once, now; return how that went, and how many points are undelivered."""
    async with Client() as client:
        engine = Engine(config, client, has_journal=False)
        engine.prepare()
        states = await engine.scrape_once(targets)
        await _first(
            asyncio.create_task(engine.stop(_LAST_DELIVERY_S)),
            asyncio.create_task(engine.failure()),
        )
    return states, sum(one.spool.points for one in engine.deliveries)
