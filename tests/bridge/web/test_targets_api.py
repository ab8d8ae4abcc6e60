"""The JSON of /api/targets."""

import asyncio
import gzip
import json

from fructosa_bridge.web.status import TargetFilter, target_status
from fructosa_bridge.web.targets_api import TargetsAPI, _encoded

from ..fake_status import FakeStatus, NullDestination, delivery, down, many, up
from ..known_slurm import node, slurm


async def test_all_targets_are_in_the_response():
    """In their order, though they are encoded in several parts; plain and gzipped."""
    states = many(1234)

    body = await TargetsAPI(FakeStatus(states, [delivery()])).body()

    decoded = json.loads(body.plain)
    assert [target_status(one) for one in states] == decoded["targets"]
    assert {"compute", "gpu", "storage"} == set(decoded["groups"])
    assert 1234 == sum(decoded["groups"].values()) == sum(decoded["counts"].values())
    assert [NullDestination.name] == [row["name"] for row in decoded["destinations"]]
    assert body.plain == gzip.decompress(body.gzipped)


async def test_other_tasks_run_while_a_long_response_is_encoded():
    """10,000 targets do not delay the scrapes."""
    turns = []

    async def other():
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    parts = await _encoded(many(10_000))
    beside.cancel()

    assert 40 == len(parts) <= len(turns)


async def test_requests_within_a_second_share_a_response():
    """Many clients cost as much as one."""
    now_s = [0.0]
    source = FakeStatus([up("a")])
    api = TargetsAPI(source, lambda: now_s[0])

    first, same = await asyncio.gather(api.body(), api.body())
    source.states = [up("a"), up("b")]
    cached = await api.body()
    now_s[0] = 1.5
    fresh = await api.body()

    assert first is same is cached
    assert 2 == len(json.loads(fresh.plain)["targets"])


async def test_a_client_that_disconnects_does_not_cancel_a_shared_response():
    """The others still get it."""
    api = TargetsAPI(FakeStatus(many(1000)))
    leaving, staying = (asyncio.create_task(api.body()) for _ in range(2))
    await asyncio.sleep(0)

    leaving.cancel()

    assert 1000 == len(json.loads((await staying).plain)["targets"])


async def test_the_cache_is_bounded():
    """Whatever filters clients use."""
    api = TargetsAPI(FakeStatus(many(10)), lambda: 0.0)

    for number in range(100):
        await api.body(TargetFilter(group=str(number)))

    assert len(api._cache) <= 8


async def test_without_slurm_there_is_nothing_of_it():
    """A client can tell that from a Slurm that was not read yet."""
    states = [down("a")]

    without = json.loads((await TargetsAPI(FakeStatus(states)).body()).plain)
    unread = json.loads((await TargetsAPI(FakeStatus(states, slurm=slurm())).body()).plain)

    assert without["slurm"] is None
    assert (None, {}) == (unread["slurm"]["is_up"], unread["slurm"]["states"])
    for row in (*without["targets"], *unread["targets"]):
        assert (None, None, True) == (row["slurm_state"], row["condition"], row["is_expected"])


async def test_targets_have_the_state_of_their_nodes_and_can_be_filtered_by_it():
    """Those that died count also where lagent alone is dead."""
    states = [down("a"), down("b"), down("c"), up("d"), up("login")]
    known = slurm(node("a", "IDLE+DRAIN", "disk"), node("b", "MIXED"), node("c"), node("d", "DOWN"))
    api = TargetsAPI(FakeStatus(states, slurm=known))

    async def hosts(**wanted):
        found = json.loads((await api.body(TargetFilter(**wanted))).plain)
        return [row["name"].partition(":")[0] for row in found["targets"]], found["slurm"]

    everything, status = await hosts()
    filtered = [
        (await hosts(**wanted))[0]
        for wanted in (
            {"slurm": "drained"},
            {"condition": "died"},
            {"condition": "agent_dead"},
            {"condition": "lost_by_slurm"},
            {"text": "DISK"},
            {"slurm": "drained", "condition": "died"},
        )
    ]

    assert ["a", "b", "c", "d", "login"] == everything
    assert [["a"], ["b", "c"], ["b"], ["d"], ["a"], []] == filtered
    assert {"drained": 1, "mixed": 1, "idle": 1, "down": 1, "unlisted": 1} == status["states"]
    counts = {name: number for name, number in status["conditions"].items() if number}
    expected = {"drained": 1, "died": 2, "agent_dead": 1, "lost_by_slurm": 1, "unmatched": 1}
    assert expected == counts
    assert 1 == len(status["mismatches"])
