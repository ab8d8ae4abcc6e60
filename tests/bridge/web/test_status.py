"""What pages and programs are told: plain numbers, and words for people."""

import asyncio
import gzip
import json

from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import Spool
from fructosa_bridge.web.status import (
    counts,
    destination_row,
    filtered,
    queue_row,
    target_row,
    worst_first,
)
from fructosa_bridge.web.target_json import TargetsJSON, _rows

from ..shown import Nowhere, Shown, delivery, down, many, state, up


def test_a_target_is_told_in_numbers():
    """Times since 1970, durations in seconds; nothing is formatted for people."""
    told = target_row(down("node7", "gpu", "refused", due_s=12.0, duration_s=0.25, missed=3))

    assert {
        "name": "node7:9888",
        "group": "gpu",
        "path": "cluster.node7",
        "url": "http://node7:9888/metrics",
        "state": "down",
        "last_scrape_s": 12.0,
        "duration_s": 0.25,
        "samples": 0,
        "interval_s": 10,
        "missed": 3,
        "scrapes": 5,
        "failures": 2,
        "error": "refused",
    } == told


def test_what_is_not_known_of_a_target_is_told_as_none():
    """A target that was never scraped took no time, rather than zero seconds."""
    told = target_row(state())

    assert ("waiting", None, None) == (told["state"], told["last_scrape_s"], told["duration_s"])


def test_targets_are_counted_by_state():
    """States without a target are there as well."""
    assert {"down": 1, "waiting": 0, "up": 2} == counts([up("a"), down("b"), up("c")])


def test_targets_are_chosen_by_state_group_and_text():
    """All of them must fit; text is looked for in name, group and error, whatever its case."""
    states = [up("n1", "gpu"), down("n2", "gpu", "Refused"), down("n3", "cpu", "reset")]

    def names(**asked):
        return [found.target.host for found in filtered(states, **asked)]

    assert ["n1", "n2", "n3"] == names()
    assert ["n2", "n3"] == names(state="down")
    assert ["n2"] == names(state="down", group="gpu")
    assert ["n2"] == names(text="REFUSED gpu")
    assert ["n1"] == names(text="N1")
    assert [] == names(text="n1 refused")


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_may_be_looked_for_in_any_error(text, error):
    """A part of the error always finds it."""
    states = [down(error=error + text)]

    assert states == filtered(states, text=text)


def test_what_is_down_comes_first():
    """Among those alike, in the order of the configuration."""
    states = [up("a"), down("b"), state("c"), down("d")]

    assert ["b", "d", "c", "a"] == [found.target.host for found in worst_first(states)]


def test_a_destination_is_down_with_its_error_and_up_once_it_took_points():
    """Before the first point it is neither."""
    rows = [
        destination_row(delivery()),
        destination_row(delivery(delivered_points=3)),
        destination_row(delivery(delivered_points=3, last_error="refused")),
    ]

    assert ["waiting", "up", "down"] == [row["state"] for row in rows]
    assert [None, None, "refused"] == [row["error"] for row in rows]


def test_what_a_destination_lost_is_told_by_reason():
    """And as a sum."""
    losing = delivery()
    losing.spool.dropped.update({"full": 5, "old": 2})

    told = destination_row(losing)

    assert (7, {"full": 5, "old": 2}) == (told["dropped"], told["dropped_by_reason"])


def test_the_queue_is_told_with_its_limits(tmp_path):
    """And why it can't be written; it is one, however many destinations share it."""
    journal = Journal(Segments(tmp_path, 2**20, 60))
    journal.error = "no space left"
    sharing = [delivery(spool=Spool(1000, journal, name)) for name in ("a", "b")]

    told = queue_row(Shown(deliveries=sharing, queue_limits=(2**20, 60)))

    assert (str(tmp_path), 2**20, 60) == (told["folder"], told["limit_bytes"], told["limit_age_s"])
    assert (0, "no space left") == (told["bytes"], told["error"])
    assert queue_row(Shown(deliveries=[delivery()])) is None


async def test_all_targets_are_in_the_answer_however_many_pieces_it_is_made_of():
    """In their order, as it is and in gzip."""
    states = many(1234)

    answer = await TargetsJSON(Shown(states, [delivery()])).targets()

    told = json.loads(answer.plain)
    assert [target_row(one) for one in states] == told["targets"]
    assert {"compute", "gpu", "storage"} == set(told["groups"])
    assert 1234 == sum(told["groups"].values()) == sum(told["counts"].values())
    assert [Nowhere.name] == [row["name"] for row in told["destinations"]]
    assert answer.plain == gzip.decompress(answer.packed)


async def test_others_have_their_turn_while_a_long_answer_is_made():
    """Scraping does not wait for 10,000 rows."""
    turns = []

    async def other():
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    rows = await _rows(many(10_000))
    beside.cancel()

    assert 40 == len(rows) <= len(turns)


async def test_who_asks_within_a_second_gets_the_same_answer():
    """So that many who ask cost as much as one; afterwards it is made anew."""
    now_s = [0.0]
    view = Shown([up("a")])
    answers = TargetsJSON(view, lambda: now_s[0])

    first, same = await asyncio.gather(answers.targets(), answers.targets())
    view.states = [up("a"), up("b")]
    still = await answers.targets()
    now_s[0] = 1.5
    fresh = await answers.targets()

    assert first is same is still
    assert 2 == len(json.loads(fresh.plain)["targets"])


async def test_who_goes_away_takes_the_answer_from_nobody():
    """A closed tab does not end what others wait for."""
    answers = TargetsJSON(Shown(many(1000)))
    leaving, staying = (asyncio.create_task(answers.targets()) for _ in range(2))
    await asyncio.sleep(0)

    leaving.cancel()

    assert 1000 == len(json.loads((await staying).plain)["targets"])


async def test_few_answers_are_kept_whatever_is_asked_for():
    """Their memory has a bound."""
    answers = TargetsJSON(Shown(many(10)), lambda: 0.0)

    for number in range(100):
        await answers.targets("", str(number))

    assert len(answers._kept) <= 8
