"""A queue of an earlier lmaster is delivered after an upgrade."""

import json
import struct
import zlib

import pytest

from ..queues import batch, deliver_all


class OldQueue:
    """Writes a queue in the former format: batches of one point whose time is their number."""

    def __init__(self, folder):
        self._folder = folder
        self._offset = self._points = 0
        folder.mkdir()

    def segment(self, numbers):
        """Write a segment; return its path."""
        start = self._offset, self._points
        checksum = zlib.crc32(b"%d %d" % start)
        data = b"FrUCToSA queue 2\n" + struct.pack("<QQI", *start, checksum)
        paths_at = len(data)
        data += self._record(b"P", b"a.0")
        for number in numbers:
            head = struct.pack("<qqQHH", number, 10, paths_at, 0, 0)
            data += self._record(b"V", head + struct.pack("<d", 0.0))
        path = self._folder / f"{self._offset:020}.segment"
        path.write_bytes(data)
        self._offset, self._points = self._offset + len(data), self._points + len(numbers)
        return path

    def _record(self, kind, content):
        checksum = zlib.crc32(content, zlib.crc32(kind))
        return struct.pack("<IIc", len(content), checksum, kind) + content

    def place(self, reader, start):
        """Write where a reader has stopped."""
        end = self._offset, self._points
        (self._folder / f"{reader}.place").write_text(json.dumps([[start, end]]))


@pytest.fixture
def old_queue(tmp_path):
    """An empty queue of an earlier lmaster."""
    return OldQueue(tmp_path / "queue")


async def test_what_waits_in_it_is_delivered(old_queue, restart):
    """And what is queued later follows it, over another restart."""
    old_queue.segment(range(5))
    old_queue.segment(range(5, 9))
    old_queue.place("carbon", (0, 0))

    run = restart()
    run.append(*map(batch, range(9, 12)))
    spool = restart().spools[0]

    assert spool.points == 12
    assert [*range(12)] == await deliver_all(spool)
    assert spool.dropped_points == 0


async def test_what_was_delivered_of_it_is_not_sent_again(old_queue, restart):
    """The old position is believed."""
    old_queue.segment(range(5))
    old_queue.place("carbon", (old_queue._offset, 5))

    assert [] == await deliver_all(restart().spools[0])


async def test_damage_costs_the_rest_of_its_segment(old_queue, restart):
    """It is counted: the next segment says how many points came before it."""
    path = old_queue.segment(range(5))
    old_queue.segment(range(5, 9))
    data = bytearray(path.read_bytes())
    data[-60] ^= 1
    path.write_bytes(data)

    spool = restart().spools[0]

    assert [0, 1, 2, 5, 6, 7, 8] == await deliver_all(spool)
    assert spool.dropped["damaged"] == 2
