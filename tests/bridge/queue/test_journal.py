"""The queue on disk that all destinations share: positions, restarts, full disks."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys

import pytest

from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.journal import CANNOT_WRITE, ON_DISK_AGAIN, Journal
from fructosa_bridge.queue.places import SUFFIXES, Places
from fructosa_bridge.queue.segments import Segments

from ..queues import QueueOnDisk, batch, deliver_all, queue, spool_of


@pytest.fixture
def journal(tmp_path):
    """An open journal."""
    opened = Journal(Segments(tmp_path, 2**20, 3600))
    opened.open()
    yield opened
    opened.close()


async def test_a_position_that_is_just_being_written_is_removed_with_its_reader(journal, tmp_path):
    """Otherwise the thread would write it once more after the removal."""
    spool = spool_of(journal, 1000, "one")
    queue(spool, Batch(1, 1, [("a", 1.0)]))
    with journal._writing:
        upkeep = asyncio.create_task(journal.upkeep())
        for _ in range(1000):  # by then the thread waits for the lock, or will do so later
            await asyncio.sleep(0)
        journal.remove(spool)

    await upkeep

    assert [] == list(tmp_path.glob("*.place*"))


async def test_a_position_of_an_earlier_run_is_removed_with_its_reader(journal, tmp_path):
    """Even if this run has not written it yet."""
    (tmp_path / "one.place").write_text("[[[0, 0], [0, 0]]]")
    spool = spool_of(journal, 1000, "one")

    journal.remove(spool)

    assert [] == list(tmp_path.glob("*.place*"))


async def test_no_position_is_removed_from_a_queue_that_is_not_open(tmp_path):
    """It may belong to another lmaster."""
    (tmp_path / "one.place").write_text("[[[0, 0], [0, 0]]]")
    journal = Journal(Segments(tmp_path, 2**20, 3600))

    journal.remove(spool_of(journal, 1000, "one"))

    assert (tmp_path / "one.place").exists()


async def test_a_reader_that_is_added_again_starts_at_the_end_of_the_queue(journal):
    """It gets nothing that was queued in the meantime; other readers keep what waits for them."""
    other = spool_of(journal, 1000, "other")
    journal.remove(spool_of(journal, 1000, "one"))
    queue(other, Batch(1, 1, [("a", 1.0)]))

    back = spool_of(journal, 1000, "one")
    queue(back, other, Batch(2, 1, [("a", 2.0)]))
    await journal.upkeep()

    assert [1, 2] == [back.points, other.points]
    ((start, _),) = back.waiting()
    assert start == other.waiting()[0][1] or start > other.waiting()[0][0]


async def test_each_destination_has_its_own_position(restart):
    """One that is down neither delays another, nor loses anything itself."""
    first = restart("near", "far")
    first.append(*map(batch, range(20)))
    near, far = first.spools
    await deliver_all(near)

    near, far = restart("near", "far").spools

    assert (0, 20) == (near.points, far.points)
    assert [*range(20)] == await deliver_all(far)


async def test_a_batch_is_written_once_for_all_destinations(restart):
    """However many there are."""
    run = restart("near", "far")

    run.append(batch(1))

    assert run.journal.segments.end.points == 1


@pytest.mark.parametrize("copies", [1, 3])
async def test_with_damaged_positions_the_whole_queue_is_sent_again(restart, tmp_path, copies):
    """That is harmless, as points overwrite themselves; it takes the damage of all copies."""
    first = restart()
    first.append(*map(batch, range(20)))
    await deliver_all(first.spools[0])
    first.journal.close()
    for suffix in SUFFIXES[:copies]:
        (tmp_path / "queue" / f"carbon{suffix}").write_text("[")

    again = await deliver_all(restart().spools[0])

    assert again == ([*range(20)] if copies == 3 else [])


async def test_the_position_is_written_at_every_upkeep(restart, tmp_path):
    """So little is sent again after a crash."""
    run = restart()
    run.append(*map(batch, range(3)))
    await deliver_all(run.spools[0])

    await run.journal.upkeep()

    ((start, end),) = Places(tmp_path / "queue").read("carbon")
    assert start == end == run.journal.segments.end


async def test_delivered_segments_are_removed_from_disk(restart):
    """Except the one that is being written."""
    run = restart(limit_bytes=160_000)
    run.append(*(batch(number, 10) for number in range(500)))
    before = run.journal.segments.size_bytes
    await deliver_all(run.spools[0])

    await run.journal.upkeep()

    assert before > 40_000
    assert run.journal.segments.size_bytes < 11_000


class FullDisk(Segments):
    """Segments on a disk that is full if the test says so."""

    is_full = False

    def extend(self, batches):
        if self.is_full:
            raise OSError(28, "No space left on device")
        return super().extend(batches)


async def test_while_the_disk_is_full_points_wait_in_memory(tmp_path, caplog):
    """Both the failure and its end are logged once; nothing is lost in between."""
    caplog.set_level("INFO")
    segments = FullDisk(tmp_path / "queue", 2**20, 10**9)
    journal = Journal(segments)
    spool = spool_of(journal, 1000, "carbon", fresh_points=3)
    journal.open()
    queue(spool, batch(0))
    segments.is_full = True
    for number in range(1, 9):
        queue(spool, batch(number))
    await journal.upkeep()
    queue(spool, batch(9))
    assert (9, 10) == (spool.memory_only_points, spool.points)
    error = journal.error

    segments.is_full = False
    await journal.upkeep()
    queue(spool, batch(10))
    await journal.upkeep()

    assert spool.memory_only_points == 9
    assert sorted(await deliver_all(spool)) == [*range(11)]
    assert [CANNOT_WRITE % error, ON_DISK_AGAIN % segments.folder] == caplog.messages
    journal.close()


class NoMemory(Segments):
    """Segments of a process that has no memory to encode points."""

    def _encoded(self, batches):
        raise MemoryError


async def test_without_memory_to_write_them_points_stay_in_memory(tmp_path):
    """None is lost by that, and lmaster goes on."""
    journal = Journal(NoMemory(tmp_path / "queue", 2**20, 10**9))
    spool = spool_of(journal, 1000, "carbon")
    journal.open()

    queue(spool, batch(1))

    assert (1, True) == (spool.memory_only_points, journal.error.endswith("not enough memory"))
    assert [1] == await deliver_all(spool)
    journal.close()


async def test_an_upkeep_that_fails_is_tried_again(restart, tmp_path, caplog):
    """The position on disk stays behind what was delivered."""
    run = restart()
    run.append(batch(1))
    await deliver_all(run.spools[0])
    blocking = tmp_path / "queue" / "carbon.place.new"
    blocking.mkdir()

    await run.journal.upkeep()
    error = run.journal.error
    blocking.rmdir()
    await run.journal.upkeep()
    await run.journal.upkeep()

    assert error.endswith("Is a directory")
    assert run.journal.error is None
    assert 1 == caplog.messages.count(CANNOT_WRITE % error)
    assert (tmp_path / "queue" / "carbon.place").exists()


async def test_while_the_disk_is_full_memory_is_limited(tmp_path):
    """The oldest points are dropped and counted."""
    segments = FullDisk(tmp_path / "queue", 2**20, 10**9)
    journal = Journal(segments)
    spool = spool_of(journal, 10, "carbon", fresh_points=3)
    journal.open()
    segments.is_full = True

    for number in range(30):
        queue(spool, batch(number))

    assert (10, 20) == (spool.points, spool.dropped["memory"])
    assert sorted(await deliver_all(spool)) == [*range(20, 30)]
    journal.close()


async def test_a_folder_that_cannot_be_created_is_tried_again(tmp_path, caplog):
    """lmaster starts without it, and uses the disk as soon as it can."""
    (tmp_path / "queue").write_text("a file in its place")
    run = QueueOnDisk(tmp_path, "carbon")
    run.append(batch(1))
    assert run.spools[0].memory_only_points == 1
    error = run.journal.error

    (tmp_path / "queue").unlink()
    await run.journal.upkeep()
    run.append(batch(2))

    assert (1, 2) == (run.spools[0].memory_only_points, run.spools[0].points)
    assert 1 == caplog.messages.count(CANNOT_WRITE % error)
    run.journal.close()


@pytest.fixture
def disk(tmp_path):
    """A small file system, and a function that mounts it with other options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        return subprocess.run(command, check=False, capture_output=True).returncode

    if os.geteuid() != 0 or mount("size=128k"):
        pytest.skip("only root may mount a small disk, and not everywhere")
    yield folder, mount
    subprocess.run(["umount", folder], check=True)


async def test_a_file_system_that_was_full_is_used_again(disk):
    """No record stays half written; every point is delivered."""
    folder, _ = disk
    (folder / "ballast").write_bytes(bytes(60_000))
    run = QueueOnDisk(folder, "carbon", queue_points=10**6)
    run.append(*(batch(number, 100) for number in range(200)))
    assert run.spools[0].memory_only_points > 0

    (folder / "ballast").unlink()
    await run.journal.upkeep()
    run.append(batch(200, 100))
    await run.journal.upkeep()

    assert run.journal.error is None
    assert sorted(await deliver_all(run.spools[0])) == [*range(201)]
    run.journal.close()


async def test_a_read_only_file_system_is_tried_again(disk, caplog):
    """Points wait in memory until it can be written."""
    folder, mount = disk
    assert mount("remount,ro") == 0
    run = QueueOnDisk(folder, "carbon")
    run.append(batch(1))
    assert run.spools[0].memory_only_points == 1
    assert 1 == sum("Read-only file system" in text for text in caplog.messages)

    assert mount("remount,rw") == 0
    await run.journal.upkeep()
    run.append(batch(2))

    assert run.spools[0].memory_only_points == 1
    assert sorted(await deliver_all(run.spools[0])) == [1, 2]
    run.journal.close()


_APPENDING = """
import sys
from pathlib import Path
from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import Spool

journal = Journal(Segments(Path(sys.argv[1]), 2**24, 10**9))
spool = Spool(1000, journal, "carbon", 5)
journal.add(spool)
journal.open()
number = 0
while True:
    batches = [Batch(number, 10, [(f"a.{n}", float(number)) for n in range(100)])]
    spool.extend(batches, journal.extend(batches))
    print(number, flush=True)
    number += 1
"""


async def test_an_lmaster_that_is_killed_loses_nothing_that_was_appended(restart, tmp_path):
    """Each batch is complete at the next start."""
    command = [sys.executable, "-c", _APPENDING, tmp_path / "queue"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for _ in itertools.islice(child.stdout, 500):
            pass
        child.send_signal(signal.SIGKILL)
        last_printed = 499 + len(child.stdout.readlines())

    delivered = await deliver_all(restart().spools[0])

    assert last_printed in range(len(delivered) - 2, len(delivered))
    assert [*range(len(delivered))] == delivered
