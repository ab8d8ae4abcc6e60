"""The bounded queue: in memory, and on disk."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import Spool

from ..queues import queue, spool_of


def batch(number, points=1):
    """Return a batch with so many points."""
    return Batch(number, 10, [(f"a.{n}", float(n)) for n in range(points)])


async def test_batches_stay_until_they_are_acknowledged():
    """A look takes nothing out."""
    spool = Spool(100)
    queue(spool, batch(1))

    first, second = await spool.peek(10), await spool.peek(10)
    spool.acknowledge(second)

    assert first == second == [batch(1)]
    assert spool.points == 0


async def test_a_look_takes_whole_batches_up_to_the_limit():
    """But at least one, however large."""
    spool = Spool(1000)
    for number, points in ((1, 50), (2, 3), (3, 3), (4, 3)):
        queue(spool, batch(number, points))

    assert [1] == [found.time_s for found in await spool.peek(10)]
    spool.acknowledge(await spool.peek(10))
    assert [2, 3, 4] == [found.time_s for found in await spool.peek(9)]


async def test_the_oldest_are_dropped_and_counted_when_it_is_full():
    """Fresh points are worth more than old ones."""
    spool = Spool(5)
    for number in range(4):
        queue(spool, batch(number, 2))

    assert [2, 3] == [found.time_s for found in await spool.peek(100)]
    assert (4, 4) == (spool.points, spool.dropped_points)


async def test_an_acknowledgement_after_a_drop_takes_out_nothing_else():
    """What was dropped while it was being sent is gone already."""
    spool = Spool(2)
    queue(spool, batch(1, 2))
    sent = await spool.peek(10)
    queue(spool, batch(2, 2))

    spool.acknowledge(sent)

    assert [2] == [found.time_s for found in await spool.peek(10)]


async def test_drained_waits_for_the_last_acknowledgement():
    """It is how the way out knows that all is delivered."""
    spool = Spool(10)
    queue(spool, batch(1))
    waiting = asyncio.create_task(spool.drained())
    await asyncio.sleep(0)
    assert not waiting.done()

    spool.acknowledge(await spool.peek(10))

    await waiting


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=40))
def test_no_point_is_lost_uncounted(steps):
    """Of all points appended, each is waiting, acknowledged or counted as dropped."""

    async def run():
        spool, appended, acknowledged = Spool(10), 0, 0
        for number, (points, is_taken) in enumerate(steps):
            queue(spool, batch(number, points))
            appended += points
            if is_taken:
                taken = await spool.peek(4)
                spool.acknowledge(taken)
                acknowledged += sum(map(len, taken))
        assert appended == spool.points + spool.dropped_points + acknowledged

    asyncio.run(run())


class OnDisk:
    """A queue on disk, as one run of lmaster has it."""

    def __init__(self, folder, *names, limit_bytes=2**20, fresh_points=5, most_points=1000):
        self.journal = Journal(Segments(folder / "queue", limit_bytes, 10**9))
        self.spools = [spool_of(self.journal, most_points, name, fresh_points) for name in names]
        self.journal.open()

    def append(self, *batches):
        """Give each destination each batch."""
        for one in batches:
            queue(*self.spools, one)


@pytest.fixture
def runs(tmp_path):
    """A function that begins a run, after ending the one before."""
    begun = []

    def begin(*names, **limits):
        if begun:
            begun[-1].journal.close()
        begun.append(OnDisk(tmp_path, *(names or ("carbon",)), **limits))
        return begun[-1]

    yield begin
    begun[-1].journal.close()


async def taken(spool, most_points=10**6):
    """Take all out of a spool; return the times of its batches."""
    found = []
    while spool.points:
        batches = await spool.peek(most_points)
        spool.acknowledge(batches)
        found += [got.time_s for got in batches]
    return found


async def test_what_waited_comes_after_the_next_start(runs):
    """Delivered and not: the place in the queue is kept."""
    first = runs()
    first.append(*map(batch, range(20)))
    sent = await first.spools[0].peek(3)
    first.spools[0].acknowledge(sent)

    second = runs()

    assert [15, 16, 17] == [got.time_s for got in sent]
    assert second.spools[0].points == 17
    assert [*range(15), 18, 19] == await taken(second.spools[0])


async def test_what_was_sent_and_perhaps_never_read_waits_again_after_the_next_start(runs):
    """The last deliveries, fresh ones and backlog; what was sent before them does not."""
    first = runs()
    first.append(*map(batch, range(10)))
    spool = first.spools[0]

    sent = []
    for unsure in 0, 1, 2, 2:
        batches = await spool.peek(2)
        spool.acknowledge(batches, unsure)
        sent += [got.time_s for got in batches]

    assert [5, 6, 7, 8, 9, 0, 1] == sent
    assert 3 == spool.points
    assert [0, 1, 2, 3, 4, 9] == await taken(runs().spools[0])


async def test_each_destination_has_its_own_place(runs):
    """One that is away does not hold up another, nor lose anything by it."""
    first = runs("near", "far")
    first.append(*map(batch, range(20)))
    near, far = first.spools
    await taken(near)

    near, far = runs("near", "far").spools

    assert (0, 20) == (near.points, far.points)
    assert [*range(20)] == await taken(far)


async def test_a_batch_is_written_once_for_all_destinations(runs):
    """However many there are."""
    run = runs("near", "far")

    run.append(batch(1))

    assert run.journal.segments.end.points == 1


@pytest.mark.parametrize("text", ["", "[", "[[1]]", "7", '[[["a", 1], [2, 3]]]', "[[[9,9],[1,1]]]"])
async def test_a_damaged_place_means_sending_again(runs, tmp_path, text):
    """All that is queued: points replace themselves."""
    first = runs()
    first.append(*map(batch, range(20)))
    await taken(first.spools[0])
    first.journal.close()
    (tmp_path / "queue" / "carbon.place").write_text(text)

    assert [*range(20)] == await taken(runs().spools[0])


async def test_the_place_is_written_while_it_runs(runs, tmp_path):
    """Within a second, so that little is sent again after a crash."""
    run = runs()
    run.append(*map(batch, range(3)))
    await taken(run.spools[0])

    await run.journal.upkeep()

    ((start, end),) = json.loads((tmp_path / "queue" / "carbon.place").read_text())
    assert start == end == list(run.journal.segments.end)


async def test_a_full_queue_drops_the_oldest_counts_them_and_says_so_once(runs, caplog):
    """Nothing is lost uncounted."""
    run = runs(limit_bytes=16 * 1000)
    run.append(*(batch(number, 10) for number in range(1000)))
    spool = run.spools[0]

    came = await taken(spool)

    assert spool.dropped["full"] > 5000
    assert 10_000 == spool.dropped_points + 10 * len(came)
    assert 1 == sum("[lmaster] queue bytes" in text for text in caplog.messages)


async def test_what_has_grown_too_old_is_counted_as_such(tmp_path):
    """Also while nothing new comes."""
    now_s = [1000.0]
    journal = Journal(Segments(tmp_path / "queue", 2**20, 160, lambda: now_s[0]))
    spool = spool_of(journal, 1000, "carbon", fresh_points=1)
    journal.open()
    for number in range(3):
        queue(spool, batch(number))
    now_s[0] += 100
    queue(spool, batch(3))

    now_s[0] += 100
    await journal.upkeep()

    assert (3, 1) == (spool.dropped["old"], spool.points)
    assert [3] == await taken(spool)
    journal.close()


async def test_what_was_delivered_leaves_the_disk(runs):
    """But for the segment that is being written."""
    run = runs(limit_bytes=160_000)
    run.append(*(batch(number, 10) for number in range(500)))
    before = run.journal.segments.size_bytes
    await taken(run.spools[0])

    await run.journal.upkeep()

    assert before > 40_000
    assert run.journal.segments.size_bytes < 11_000


async def test_a_damaged_part_is_counted_and_the_rest_comes(runs, tmp_path):
    """A checksum tells."""
    first = runs(limit_bytes=16 * 1000)
    first.append(*(batch(number, 10) for number in range(60)))
    first.journal.close()
    damaged = sorted((tmp_path / "queue").glob("*.segment"))[1]
    damaged.write_bytes(damaged.read_bytes()[:-50] + b"x" * 50)

    spool = runs(limit_bytes=16 * 1000).spools[0]
    came = await taken(spool)

    assert spool.dropped["damaged"] in range(10, 100, 10)
    assert 600 == spool.dropped_points + 10 * len(came)


class Refusing(Segments):
    """Files on a disk that is full when the test says so."""

    is_full = False

    def extend(self, batches):
        if self.is_full:
            raise OSError(28, "No space left on device")
        return super().extend(batches)


async def test_a_disk_that_takes_nothing_leaves_the_points_in_memory(tmp_path, caplog):
    """It is said once, and so is its end; nothing is lost meanwhile."""
    caplog.set_level("INFO")
    segments = Refusing(tmp_path / "queue", 2**20, 10**9)
    journal = Journal(segments)
    spool = spool_of(journal, 1000, "carbon", fresh_points=3)
    journal.open()
    queue(spool, batch(0))
    segments.is_full = True
    for number in range(1, 9):
        queue(spool, batch(number))
    await journal.upkeep()
    queue(spool, batch(9))
    assert (9, 10) == (spool.unsafe_points, spool.points)

    segments.is_full = False
    await journal.upkeep()
    queue(spool, batch(10))
    await journal.upkeep()

    assert spool.unsafe_points == 9
    assert sorted(await taken(spool)) == [*range(11)]
    failed, recovered = caplog.messages
    assert "cannot write the queue" in failed
    assert "on disk again" in recovered
    journal.close()


async def test_memory_is_bounded_where_the_disk_takes_nothing(tmp_path):
    """The oldest are dropped, and counted for their reason."""
    segments = Refusing(tmp_path / "queue", 2**20, 10**9)
    journal = Journal(segments)
    spool = spool_of(journal, 10, "carbon", fresh_points=3)
    journal.open()
    segments.is_full = True

    for number in range(30):
        queue(spool, batch(number))

    assert (10, 20) == (spool.points, spool.dropped["memory"])
    assert sorted(await taken(spool)) == [*range(20, 30)]
    journal.close()


async def test_a_folder_that_cannot_be_made_is_tried_again(tmp_path, caplog):
    """lmaster starts all the same, and goes over to the disk when it can."""
    (tmp_path / "queue").write_text("a file in its place")
    run = OnDisk(tmp_path, "carbon")
    run.append(batch(1))
    assert run.spools[0].unsafe_points == 1

    (tmp_path / "queue").unlink()
    await run.journal.upkeep()
    run.append(batch(2))

    assert (1, 2) == (run.spools[0].unsafe_points, run.spools[0].points)
    assert 1 == sum("make the folder writable" in text for text in caplog.messages)
    run.journal.close()


@pytest.fixture
def disk(tmp_path):
    """A small disk of the test's own, and a function that mounts it in another way."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(how):
        command = ["mount", "-t", "tmpfs", "-o", how, "tmpfs", folder]
        return subprocess.run(command, check=False, capture_output=True).returncode

    if os.geteuid() != 0 or mount("size=128k"):
        pytest.skip("only root may mount a small disk, and not everywhere")
    yield folder, mount
    subprocess.run(["umount", folder], check=True)


async def test_a_disk_that_is_really_full_takes_points_again_once_there_is_room(disk):
    """No record stays half written; all comes, in memory or not."""
    folder, _ = disk
    (folder / "ballast").write_bytes(bytes(60_000))
    run = OnDisk(folder, "carbon", most_points=10**6)
    run.append(*(batch(number, 100) for number in range(200)))
    assert run.spools[0].unsafe_points > 0

    (folder / "ballast").unlink()
    await run.journal.upkeep()
    run.append(batch(200, 100))
    await run.journal.upkeep()

    assert run.journal.error is None
    assert sorted(await taken(run.spools[0])) == [*range(201)]
    run.journal.close()


async def test_a_disk_that_is_read_only_is_tried_again(disk, caplog):
    """Points wait in memory until it can be written."""
    folder, mount = disk
    assert mount("remount,ro") == 0
    run = OnDisk(folder, "carbon")
    run.append(batch(1))
    assert run.spools[0].unsafe_points == 1
    assert 1 == sum("Read-only file system" in text for text in caplog.messages)

    assert mount("remount,rw") == 0
    await run.journal.upkeep()
    run.append(batch(2))

    assert run.spools[0].unsafe_points == 1
    assert sorted(await taken(run.spools[0])) == [1, 2]
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


async def test_whoever_is_killed_while_appending_has_lost_nothing(runs, tmp_path):
    """What was appended before SIGKILL comes at the next start, each batch whole."""
    command = [sys.executable, "-c", _APPENDING, tmp_path / "queue"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for _ in itertools.islice(child.stdout, 500):
            pass
        child.send_signal(signal.SIGKILL)
        said = 499 + len(child.stdout.readlines())

    came = await taken(runs().spools[0])

    assert said in range(len(came) - 2, len(came))
    assert [*range(len(came))] == came


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(1, 9)),
            st.tuples(st.just("take"), st.integers(1, 12)),
            st.just(("restart", 0)),
            st.just(("upkeep", 0)),
        ),
        max_size=30,
    )
)
def test_no_point_is_lost_or_counted_twice_over_restarts(steps):
    """Whatever is appended comes back until it is acknowledged, and is counted while it waits."""

    async def run(folder):
        on_disk, appended, came = OnDisk(folder, "carbon"), [], []
        with contextlib.ExitStack() as stack:
            stack.callback(lambda: on_disk.journal.close())
            for number, (step, points) in enumerate(steps):
                spool = on_disk.spools[0]
                if step == "append":
                    appended.append(batch(number, points))
                    on_disk.append(appended[-1])
                elif step == "take" and spool.points:
                    got = await spool.peek(points)
                    spool.acknowledge(got)
                    came += got
                elif step == "upkeep":
                    await on_disk.journal.upkeep()
                elif step == "restart":
                    on_disk.journal.close()
                    on_disk = OnDisk(folder, "carbon")
                assert on_disk.spools[0].points == sum(map(len, appended)) - sum(map(len, came))
            while on_disk.spools[0].points:
                got = await on_disk.spools[0].peek(20)
                on_disk.spools[0].acknowledge(got)
                came += got
        assert sorted(came, key=lambda got: got.time_s) == appended

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
