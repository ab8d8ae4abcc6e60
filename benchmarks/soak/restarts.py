"""Decides what is restarted when, at random; the same seed gives the same restarts."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.exporter.processes import CannotRun
from tests.integration.processes import wait_until

from .system import System

KILLED = "lmaster kill -9, start"
RELOAD = "lmaster SIGHUP, a node more or less"
# The restarts during which lmaster does not scrape.
DOWN = ("lmaster restart", "lmaster stop, start", KILLED)


@dataclass(frozen=True)
class Restart:
    """A restart, from *began_s*, when it was requested, to *ended_s*, when all parts ran again."""

    kind: str
    began_s: float
    ended_s: float


def plan(rng: random.Random, pause_s: tuple[float, float]) -> Iterator[tuple[str, float, float]]:
    """Yield an endless plan: a kind of restart, the pause before it, and how long the part is down.

    Each kind occurs once before any occurs again.
    """
    while True:
        for kind in rng.sample(list(KINDS), len(KINDS)):
            yield kind, rng.uniform(*pause_s), rng.choice([0.0, rng.uniform(0, 4)])


def restart(system: System, kind: str, down_s: float) -> Restart:
    """Do one restart; return its kind and times."""
    began_s = KINDS[kind](system, down_s)
    return Restart(kind, began_s, time.time())


def _agent(number: int) -> Callable[[System, float], float]:
    def stop_and_start(system: System, down_s: float) -> float:
        began_s = time.time()
        system.agents[number]("stop")
        time.sleep(down_s)
        system.agents[number]("start")
        return began_s

    return stop_and_start


def _restart(system: System, _down_s: float) -> float:
    began_s = time.time()
    system.master("restart")
    return began_s


def _stop(system: System, down_s: float) -> float:
    began_s = time.time()
    system.master("stop")
    time.sleep(down_s)
    system.master("start")
    return began_s


def _kill(system: System, down_s: float) -> float:
    process = system.master.process
    if process is None:
        raise CannotRun(f"lmaster is not running; see {system.master.log}")
    began_s = time.time()
    process.kill()
    time.sleep(down_s)
    system.master("start")
    return began_s


def _carbon(number: signal.Signals) -> Callable[[System, float], float]:
    def end_and_start(system: System, down_s: float) -> float:
        began_s = time.time()
        system.carbon.end_carbon(number)
        time.sleep(down_s)
        system.carbon.start_carbon()
        return began_s

    return end_and_start


def _reload(system: System, _down_s: float) -> float:
    process, before = system.master.process, system.master.log.read_text().count("was read again")
    if process is None:
        raise CannotRun(f"lmaster is not running; see {system.master.log}")
    system.has_spare = not system.has_spare
    system.configure()
    began_s = time.time()
    process.send_signal(signal.SIGHUP)
    log = system.master.log.read_text
    wait_until(lambda: log().count("was read again") > before, lambda: log()[-1000:])
    return began_s


KINDS: dict[str, Callable[[System, float], float]] = {
    "lagent stop, start": _agent(0),
    "the other lagent stop, start": _agent(1),
    "lmaster restart": _restart,
    "lmaster stop, start": _stop,
    KILLED: _kill,
    "carbon SIGTERM, start": _carbon(signal.SIGTERM),
    "carbon kill -9, start": _carbon(signal.SIGKILL),
    RELOAD: _reload,
}
