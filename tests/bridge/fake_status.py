"""A status for the web pages in tests: any number of targets, some of them down."""

from dataclasses import dataclass, field

from fructosa_bridge.deliver.delivery import Delivery
from fructosa_bridge.model.target import Target
from fructosa_bridge.queue.spool import Spool
from fructosa_bridge.scrape.scrape_errors import REFUSED
from fructosa_bridge.scrape.target_state import ScrapeTotals, TargetState


class NullDestination:
    """A destination that accepts and discards all points."""

    name = "carbon.example:2004"

    async def send(self, batches):
        """Discard them."""

    async def close(self):
        """Do nothing."""


def delivery(**values):
    """Return a delivery with these attributes."""
    made = Delivery(Spool(1000), NullDestination())
    for name, value in values.items():
        setattr(made, name, value)
    return made


@dataclass
class FakeStatus:
    """A status source whose values a test sets."""

    states: list = field(default_factory=list)
    deliveries: list = field(default_factory=list)
    store: object = None
    slurm: object = None
    jobs_status: object = None
    queue_limits: tuple = (4 * 2**30, 604800)
    is_ready: bool = True
    removed: ScrapeTotals = field(default_factory=ScrapeTotals)
    reload: object = None
    reload_succeeded: bool = True
    reload_time_s: float = 1.7e9


def state(host="node1", group="compute", **values):
    """Return the state of a target: by default, one that has not been scraped yet."""
    target = Target(group=group, host=host, port=9888, graphite_path=f"cluster.{host}")
    return TargetState(target, **values)


def up(host="node1", group="compute", **values):
    """Return the state of a target whose last scrape succeeded."""
    defaults = {"due_s": 1.7e9, "duration_s": 0.02, "samples": 100, "scrapes": 5}
    return state(host, group, up=True, **(defaults | {"samples_total": 500} | values))


def down(host="node1", group="compute", error=REFUSED, **values):
    """Return the state of a target whose last scrape failed."""
    defaults = {"due_s": 1.7e9, "down_since_s": 1.7e9 - 10, "duration_s": 0.001}
    defaults |= {"scrapes": 5, "failures": 2}
    return state(host, group, up=False, error=error, **(defaults | values))


def many(count, every_down=50, now_s=1.7e9):
    """Return *count* targets in three groups; one in *every_down* is down."""
    groups = ("compute", "gpu", "storage")
    made = []
    for number in range(count):
        host, group = f"node{number:05}", groups[number // 2 % 3]
        last_scrape = {"due_s": now_s - number % 10, "duration_s": (number * 37 % 1009) / 5000}
        if number % every_down == every_down - 1:
            error = f"{REFUSED} ({number})"
            since_s = last_scrape["due_s"] - number * 10
            made.append(down(host, group, error, down_since_s=since_s, **last_scrape))
        else:
            made.append(
                up(host, group, samples=number * 7 % 1013, missed=number % 3, **last_scrape)
            )
    return made
