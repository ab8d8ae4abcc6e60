"""The queue on disk, damaged: an input is a program that changes, cuts, swaps, removes files."""

import asyncio
import logging
import shutil
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import Spool
from fructosa_service.errors import ServiceError

from ..target import FuzzTarget, expect

_RAM = Path("/dev/shm")  # noqa: S108 - a queue syncs its files: on a disk that takes seconds
_BATCHES, _DELIVERED, _NAME = 60, 3, "carbon"
_SEGMENT_BYTES, _AGE_S = 700, 10**9
_HANGS_S = 2.0
_Files = dict[str, bytes]


@dataclass
class _Drained:
    """What a damaged queue still delivered."""

    delivered: list[Batch] = field(default_factory=list)
    dropped: int = 0


def _batch(number: int) -> Batch:
    each = ("a", "b.c", "up") if number % 3 else ("x",)
    values = array("d", [number + at / 10 for at in range(len(each))])
    return Batch(1000 + number, 10, Points(f"n{number % 4}.", Paths(each), "", values))


def _open(folder: Path) -> tuple[Journal, Spool]:
    journal = Journal(Segments(folder, 16 * _SEGMENT_BYTES, _AGE_S))
    spool = Spool(10**6, journal, _NAME, 5)
    journal.add(spool)
    journal.open()
    return journal, spool


def _append(journal: Journal, spool: Spool, batch: Batch) -> None:
    spool.extend([batch], journal.extend([batch]))


async def _filled(folder: Path) -> int:
    """Fill a queue; return how many points wait in it."""
    journal, spool = _open(folder)
    for number in range(_BATCHES):
        _append(journal, spool, _batch(number))
    for _ in range(_DELIVERED):
        spool.acknowledge(await spool.peek(3))
    points = spool.points
    await journal.upkeep()
    journal.close()
    return points


class _Queue:
    """A queue with some points in it, as files, and the folder for a damaged copy."""

    def __init__(self) -> None:
        logging.getLogger("fructosa_bridge.queue").setLevel(logging.CRITICAL + 1)
        self._owner = TemporaryDirectory(dir=_RAM if _RAM.is_dir() else None)
        self.folder = Path(self._owner.name) / "queue"
        self.points = asyncio.run(_filled(self.folder))
        self.files: Mapping[str, bytes] = {
            one.name: one.read_bytes() for one in sorted(self.folder.iterdir())
        }
        self.segments = [name for name in self.files if name.endswith(".segment")]

    def write(self, files: Mapping[str, bytes]) -> None:
        """Make these the files of the queue."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for name, content in files.items():
            (self.folder / name).write_bytes(content)


_queue = cache(_Queue)


def _damaged(program: bytes, files: Mapping[str, bytes]) -> _Files:
    """Return the files after a program: five bytes for each step, and text that some insert."""
    found, names = dict(files), list(files)
    steps, _, text = program.partition(b"=")
    for at in range(0, len(steps) - 4, 5):
        operation, which, high, low, value = steps[at : at + 5]
        name, other = names[which % len(names)], names[value % len(names)]
        _change(found, name, other, operation % 8, 256 * high + low, value, text)
    return found


def _change(
    found: _Files, name: str, other: str, operation: int, where: int, value: int, text: bytes
) -> None:
    content = found.get(name, b"")
    at = where % (len(content) + 1)
    if operation == 0:  # most often: one bit
        flipped = bytes(byte ^ 1 << value % 8 for byte in content[at : at + 1])
        found[name] = content[:at] + flipped + content[at + 1 :]
    elif operation == 1:
        found[name] = content[:at]
    elif operation == 2:
        found.pop(name, None)
    elif operation == 3:
        found[name], found[other] = found.get(other, b""), content
    elif operation == 4:
        found[name] = text
    elif operation == 5:
        found[name] = content[:at] + text + content[at:]
    elif operation == 6:
        found[name] = content[:at] + bytes(value) + content[at + value :]
    else:
        found[f"{where:020}.segment"] = content


async def _peeked(spool: Spool) -> list[Batch]:
    """Return the next batches; none if all that waited is damaged."""
    peeking = asyncio.create_task(spool.peek(50))
    until_s = time.monotonic() + _HANGS_S
    while not peeking.done() and spool.points and time.monotonic() < until_s:
        await asyncio.sleep(0.0005)
    if peeking.done():
        return peeking.result()
    peeking.cancel()
    return []


async def _drained(folder: Path) -> _Drained:
    """Open a queue and deliver all that is in it, and a new batch."""
    journal, spool = _open(folder)
    found = _Drained()
    try:
        for _ in range(10 * _BATCHES):
            if not spool.points:
                break
            batches = await _peeked(spool)
            found.delivered += batches
            spool.acknowledge(batches)
        expect(not spool.points, "delivery comes to an end")
        found.dropped = spool.dropped_points
        new = _batch(_BATCHES + 1)
        _append(journal, spool, new)
        async with asyncio.timeout(_HANGS_S):
            expect((await spool.peek(50))[-1] == new, "new points are delivered")
    finally:
        journal.close()
        journal.segments.close()
    return found


def _read(data: bytes) -> _Drained:
    queue = _queue()
    queue.write(_damaged(data, queue.files))
    return asyncio.run(_drained(queue.folder))


def _promises(data: bytes, result: object) -> None:
    if not isinstance(result, _Drained):
        return
    queue = _queue()
    known = {one.time_s: one for one in map(_batch, range(_BATCHES))}
    right = all(known.get(one.time_s) == one for one in result.delivered)
    expect(right, "what is delivered was queued")
    times = [one.time_s for one in result.delivered]
    expect(len(times) == len(set(times)), "a batch is delivered once")
    expect(result.dropped >= 0, "nothing negative is dropped")
    files = _damaged(data, queue.files)
    changed = [name for name in {*files, *queue.files} if files.get(name) != queue.files.get(name)]
    # With a place that is damaged, or more than one segment, nobody knows what was there.
    if len(changed) <= 1 and set(changed) <= set(queue.segments[:-1]):
        delivered = sum(map(len, result.delivered))
        lost = queue.points - delivered
        expect(lost == result.dropped, "each point that is lost is counted, and no other")


def _seeds() -> Iterator[bytes]:
    names = list(_queue().files)
    for which in range(len(names)):
        for operation in range(8):
            yield bytes([operation, which, 0, 9, 3]) + b"=[[[0, 0], [99, 9]]]"
            yield bytes([operation, which, 1, 9, 200])


def _words() -> Iterable[bytes]:
    places = (b"[]", b"null", b"[[[0,0],[1e300,2]]]", b"[" * 2000, b"[[[true,0],[5,5]]]", b"\xff")
    return (*places, b"[[[0,-5],[10,99]]]", b"[[[0,0],[99999999999999999999999,1]]]", b"FrUCToSA")


TARGETS = (
    FuzzTarget(
        name="queue-files",
        read=_read,
        errors=(ServiceError,),
        promises=_promises,
        seeds=_seeds,
        words=tuple(_words()),
        most_bytes=3000,
    ),
)
