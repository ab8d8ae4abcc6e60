"""What waits for one destination: in memory, and on disk."""

import asyncio
import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import Spool

from ..queues import QueueOnDisk, batch, deliver_all, queue, ram_folder, spool_of


async def test_batches_wait_until_they_are_acknowledged():
    """Peeking removes nothing."""
    spool = Spool(100)
    queue(spool, batch(1))

    first, second = await spool.peek(10), await spool.peek(10)
    spool.acknowledge(second)

    assert first == second == [batch(1)]
    assert spool.points == 0


async def test_peek_returns_whole_batches_up_to_a_number_of_points():
    """But at least one, however large it is."""
    spool = Spool(1000)
    for number, points in ((1, 50), (2, 3), (3, 3), (4, 3)):
        queue(spool, batch(number, points))

    assert [1] == [batch.time_s for batch in await spool.peek(10)]
    spool.acknowledge(await spool.peek(10))
    assert [2, 3, 4] == [batch.time_s for batch in await spool.peek(9)]


async def test_the_oldest_batches_are_dropped_and_counted_when_memory_is_full():
    """Fresh points are worth more than old ones."""
    spool = Spool(5)
    for number in range(4):
        queue(spool, batch(number, 2))

    assert [2, 3] == [batch.time_s for batch in await spool.peek(100)]
    assert (4, 4) == (spool.points, spool.dropped_points)


async def test_acknowledging_a_dropped_batch_removes_no_other():
    """It may have been dropped while it was being sent."""
    spool = Spool(2)
    queue(spool, batch(1, 2))
    sent = await spool.peek(10)
    queue(spool, batch(2, 2))

    spool.acknowledge(sent)

    assert [2] == [batch.time_s for batch in await spool.peek(10)]


async def test_drained_waits_for_the_last_acknowledgement():
    """So lmaster knows at its exit when everything is delivered."""
    spool = Spool(10)
    queue(spool, batch(1))
    waiting = asyncio.create_task(spool.drained())
    await asyncio.sleep(0)
    assert not waiting.done()

    spool.acknowledge(await spool.peek(10))

    await waiting


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=40))
def test_every_point_waits_or_is_acknowledged_or_counted_as_dropped(steps):
    """Whatever is queued and delivered, in any order."""

    async def run():
        spool, appended, acknowledged = Spool(10), 0, 0
        for number, (points, is_delivered) in enumerate(steps):
            queue(spool, batch(number, points))
            appended += points
            if is_delivered:
                batches = await spool.peek(4)
                spool.acknowledge(batches)
                acknowledged += sum(map(len, batches))
        assert appended == spool.points + spool.dropped_points + acknowledged

    asyncio.run(run())


async def test_what_was_not_delivered_waits_after_a_restart(restart):
    """Also after fresh batches were delivered before older ones."""
    first = restart()
    first.append(*map(batch, range(20)))
    sent = await first.spools[0].peek(3)
    first.spools[0].acknowledge(sent)

    second = restart()

    assert [15, 16, 17] == [batch.time_s for batch in sent]
    assert second.spools[0].points == 17
    assert [*range(15), 18, 19] == await deliver_all(second.spools[0])


async def test_what_was_sent_but_perhaps_not_read_waits_again_after_a_restart(restart):
    """The last deliveries, fresh ones and those of the backlog; earlier ones do not."""
    first = restart()
    first.append(*map(batch, range(10)))
    spool = first.spools[0]

    sent = []
    for unacknowledged in 0, 1, 2, 2:
        batches = await spool.peek(2)
        spool.acknowledge(batches, unacknowledged)
        sent += [batch.time_s for batch in batches]

    assert [5, 6, 7, 8, 9, 0, 1] == sent
    assert 3 == spool.points
    assert [0, 1, 2, 3, 4, 9] == await deliver_all(restart().spools[0])


async def test_a_full_queue_drops_the_oldest_points_and_counts_them(restart, caplog):
    """It is logged once."""
    run = restart(limit_bytes=16 * 1000)
    run.append(*(batch(number, 10) for number in range(300)))
    spool = run.spools[0]

    delivered = await deliver_all(spool)

    assert spool.dropped["full"] > 1500
    assert 3000 == spool.dropped_points + 10 * len(delivered)
    assert 1 == sum("[lmaster] queue bytes" in text for text in caplog.messages)


async def test_points_that_are_too_old_are_dropped_and_counted(tmp_path):
    """Also while nothing new is queued."""
    now_s = [1000.0]
    journal = Journal(Segments(tmp_path / "queue", 2**20, 1600, lambda: now_s[0], lambda: now_s[0]))
    spool = spool_of(journal, 1000, "carbon", fresh_points=1)
    journal.open()
    for number in range(3):
        queue(spool, batch(number))
    now_s[0] += 1000
    queue(spool, batch(3))

    now_s[0] += 1000
    await journal.upkeep()

    assert (3, 1) == (spool.dropped["old"], spool.points)
    assert [3] == await deliver_all(spool)
    journal.close()


def _flip(files, draw):
    path = draw(st.sampled_from(files))
    data = bytearray(path.read_bytes())
    data[draw(st.integers(0, len(data) - 1))] ^= 1 << draw(st.integers(0, 7))
    path.write_bytes(data)


def _cut(files, draw):
    path = draw(st.sampled_from(files))
    path.write_bytes(path.read_bytes()[: draw(st.integers(0, path.stat().st_size - 1))])


def _remove(files, draw):
    for path in draw(st.lists(st.sampled_from(files), unique=True, min_size=1, max_size=3)):
        path.unlink()


def _zero(files, draw):
    path = draw(st.sampled_from(files))
    start = draw(st.integers(0, path.stat().st_size - 1))
    data = path.read_bytes()
    path.write_bytes(data[:start] + bytes(len(data[start : start + 200])) + data[start + 200 :])


def _swap(files, draw):
    first, second = draw(st.permutations([path for path in files if path.suffix == ".segment"]))[:2]
    contents = first.read_bytes(), second.read_bytes()
    second.write_bytes(contents[0])
    if draw(st.booleans()):
        first.write_bytes(contents[1])


def _rename(files, draw):
    path = draw(st.sampled_from([path for path in files if path.suffix == ".segment"]))
    path.rename(path.with_name("other.segment"))


@settings(max_examples=60)
@given(change=st.sampled_from([_flip, _cut, _remove, _zero, _swap, _rename]), data=st.data())
def test_every_point_of_a_damaged_queue_is_delivered_or_counted(change, data):
    """Exactly, whatever the disk did to its files; no value is wrong."""

    async def run(folder):
        before = QueueOnDisk(folder, "carbon", limit_bytes=16 * 700)
        before.append(*(batch(number, 3) for number in range(40)))
        sent = []
        for _ in range(3):
            sent += await before.spools[0].peek(3)
            before.spools[0].acknowledge(sent)
        waiting, known = before.spools[0].points, {batch.time_s for batch in sent}
        before.journal.close()
        change(
            sorted(path for path in (folder / "queue").iterdir() if path.stat().st_size), data.draw
        )

        after = QueueOnDisk(folder, "carbon", limit_bytes=16 * 700)
        delivered = await deliver_all(after.spools[0])
        after.append(batch(99))
        delivered_later = await deliver_all(after.spools[0])
        after.journal.close()

        assert (after.journal.error, [99]) == (None, delivered_later)
        assert waiting == 3 * len(set(delivered) - known) + after.spools[0].dropped_points
        assert after.spools[0].dropped_points == after.spools[0].dropped["damaged"]

    with ram_folder() as folder:
        asyncio.run(run(folder))


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(1, 9)),
            st.tuples(st.just("deliver"), st.integers(1, 12)),
            st.just(("restart", 0)),
            st.just(("upkeep", 0)),
        ),
        max_size=30,
    )
)
def test_restarts_neither_lose_nor_repeat_a_point(steps):
    """Every batch is delivered once, and its points are counted while they wait."""

    async def run(folder):
        on_disk, appended, delivered = QueueOnDisk(folder, "carbon"), [], []
        with contextlib.ExitStack() as stack:
            stack.callback(lambda: on_disk.journal.close())
            for number, (step, points) in enumerate(steps):
                spool = on_disk.spools[0]
                if step == "append":
                    appended.append(batch(number, points))
                    on_disk.append(appended[-1])
                elif step == "deliver" and spool.points:
                    batches = await spool.peek(points)
                    spool.acknowledge(batches)
                    delivered += batches
                elif step == "upkeep":
                    await on_disk.journal.upkeep()
                elif step == "restart":
                    on_disk.journal.close()
                    on_disk = QueueOnDisk(folder, "carbon")
                left = sum(map(len, appended)) - sum(map(len, delivered))
                assert left == on_disk.spools[0].points
            while on_disk.spools[0].points:
                batches = await on_disk.spools[0].peek(20)
                on_disk.spools[0].acknowledge(batches)
                delivered += batches
        assert sorted(delivered, key=lambda batch: batch.time_s) == appended

    with ram_folder() as folder:
        asyncio.run(run(folder))
