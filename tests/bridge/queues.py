"""Spools that are filled as the engine fills them: each batch is written to the journal once."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import Spool

_RAM = Path("/dev/shm")


@contextmanager
def ram_folder():
    """Create a folder in RAM: on a disk the many fsyncs of a queue take seconds."""
    with tempfile.TemporaryDirectory(dir=_RAM if _RAM.is_dir() else None) as folder:
        yield Path(folder)


def spool_of(journal, queue_points, *args, **kwargs):
    """Return a spool that reads the *journal*."""
    spool = Spool(queue_points, journal, *args, **kwargs)
    journal.add(spool)
    return spool


def queue(*spools_and_batches):
    """Queue batches for spools, which come first and share a journal if they have one."""
    spools = [each for each in spools_and_batches if isinstance(each, Spool)]
    batches = [each for each in spools_and_batches if not isinstance(each, Spool)]
    journal = spools[0].journal
    on_disk = [None] * len(batches) if journal is None else journal.extend(batches)
    for spool in spools:
        spool.extend(batches, on_disk)


def batch(number, points=1):
    """Return a batch of a number of points, whose time is *number*."""
    return Batch(number, 10, [(f"a.{n}", float(n)) for n in range(points)])


class QueueOnDisk:
    """The queue of one run of lmaster: a journal, and a spool for each name."""

    def __init__(self, folder, *names, limit_bytes=2**20, fresh_points=5, queue_points=1000):
        self.journal = Journal(Segments(folder / "queue", limit_bytes, 10**9))
        self.spools = [spool_of(self.journal, queue_points, name, fresh_points) for name in names]
        self.journal.open()

    def append(self, *batches):
        """Queue *batches* one by one for all spools."""
        for each in batches:
            queue(*self.spools, each)


async def deliver_all(spool, most_points=10**6):
    """Peek and acknowledge until a spool is empty; return the times of the batches."""
    times = []
    while spool.points:
        peek = spool.peek if spool.has_fresh else spool.peek_backlog
        batches = await peek(most_points)  # none if what is left is damaged
        spool.acknowledge(batches)
        times += [batch.time_s for batch in batches]
    return times
