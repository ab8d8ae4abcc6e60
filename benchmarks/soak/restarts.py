"""What is restarted, in which order and when: at random, and the same again for the same seed."""

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
# Those during which lmaster scrapes nothing.
DOWN = ("lmaster restart", "lmaster stop, start", KILLED)


@dataclass(frozen=True)
class Restart:
    """One that was done: *began_s* when it was asked for, *ended_s* when all ran again."""

    kind: str
    began_s: float
    ended_s: float


def plan(chance: random.Random, pause_s: tuple[float, float]) -> Iterator[tuple[str, float, float]]:
    """Yield for ever: what is restarted, after how long, and how long it is then away.

    Each kind comes once before any comes again.
    """
    while True:
        for kind in chance.sample(list(KINDS), len(KINDS)):
            yield kind, chance.uniform(*pause_s), chance.choice([0.0, chance.uniform(0, 4)])


def restart(system: System, kind: str, away_s: float) -> Restart:
    """Do one restart, and return when it was."""
    began_s = KINDS[kind](system, away_s)
    return Restart(kind, began_s, time.time())


def _agent(number: int) -> Callable[[System, float], float]:
    def stop_and_start(system: System, away_s: float) -> float:
        began_s = time.time()
        system.agents[number]("stop")
        time.sleep(away_s)
        system.agents[number]("start")
        return began_s

    return stop_and_start


def _restart(system: System, _away_s: float) -> float:
    began_s = time.time()
    system.master("restart")
    return began_s


def _stop(system: System, away_s: float) -> float:
    began_s = time.time()
    system.master("stop")
    time.sleep(away_s)
    system.master("start")
    return began_s


def _kill(system: System, away_s: float) -> float:
    process = system.master.process
    if process is None:
        raise CannotRun(f"lmaster is not running; see {system.master.log}")
    began_s = time.time()
    process.kill()
    time.sleep(away_s)
    system.master("start")
    return began_s


def _carbon(number: signal.Signals) -> Callable[[System, float], float]:
    def end_and_start(system: System, away_s: float) -> float:
        began_s = time.time()
        system.carbon.end_carbon(number)
        time.sleep(away_s)
        system.carbon.start_carbon()
        return began_s

    return end_and_start


def _reload(system: System, _away_s: float) -> float:
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
