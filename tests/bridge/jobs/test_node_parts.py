"""The figures of a run on a node, over restarts of its agent and of the node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.jobs.node_parts import JobAgent, NodePart
from fructosa_bridge.jobs.page import JobReading
from fructosa_bridge.slurm_output.gpu_indexes import MOST_GPUS

from .pages import reading

T0 = 1_800_000_000.0


def agent(instance="a", boot_id="boot", since_s=T0 - 100):
    """Return an agent."""
    return JobAgent("n1", instance, boot_id, since_s, page_s=since_s)


def part_of(*steps):
    """Return the part after readings, each with the agent it is of and when it was fetched."""
    first_agent, first = steps[0][0], steps[0][1]
    part = NodePart("n1", first_agent, first.restart, 30.0)
    for of, one, now_s in steps:
        part.add(one, of, now_s)
    return part


A, B = agent("a"), agent("b")
REBOOTED = agent("c", "another boot")


def test_a_running_total_is_taken_as_it_is():
    """A lost page in between loses nothing."""
    part = part_of(
        (A, reading(cpu_s=1.0, age_s=1.0, reading_age_s=0.0), T0),
        (A, reading(cpu_s=9.0, age_s=91.0, reading_age_s=0.0), T0 + 90),
    )

    assert (9.0, T0 - 1, T0 + 90, 0.0) == (
        part.cpu_s,
        part.began_s,
        part.known_until_s,
        part.missed_s,
    )


def test_an_agent_that_was_restarted_goes_on_with_the_same_life():
    """The kernel has kept the total."""
    part = part_of(
        (A, reading(cpu_s=5.0, age_s=50.0), T0), (B, reading(cpu_s=8.0, age_s=80.0), T0 + 30)
    )

    assert (8.0, 0.0) == (part.cpu_s, part.missed_s)


def test_a_life_that_began_after_the_last_look_is_added():
    """The time between the last look and it is missed, as the end of the earlier one is unknown."""
    part = part_of(
        (A, reading(cpu_s=50.0, age_s=50.0), T0), (B, reading(cpu_s=8.0, age_s=10.0), T0 + 30)
    )

    assert (58.0, 20.0) == (part.cpu_s, part.missed_s)


def test_a_rebooted_node_begins_at_zero():
    """Its totals are added, also if they are larger than those before."""
    part = part_of(
        (A, reading(cpu_s=5.0, age_s=50.0), T0),
        (REBOOTED, reading(cpu_s=8.0, age_s=10.0), T0 + 300),
    )

    assert (13.0, 290.0) == (part.cpu_s, part.missed_s)


def test_lives_that_an_agent_does_not_know_are_kept_if_their_end_was_read():
    """salloc with two srun; the agent is restarted during the second one."""
    part = part_of(
        (A, reading(cpu_s=40.0, age_s=50.0, reading_age_s=9.0, end_age_s=9.0, end_sequence=1), T0),
        (A, reading(cpu_s=45.0, age_s=80.0, reading_age_s=0.0), T0 + 30),
        (B, reading(cpu_s=11.0, age_s=40.0, reading_age_s=0.0), T0 + 60),
    )

    assert (51.0, 0.0) == (part.cpu_s, part.missed_s)


def test_what_is_not_certain_is_not_added_but_missed():
    """The agent forgot a life whose end was not read: how much of it was counted is unknown."""
    part = part_of(
        (A, reading(cpu_s=45.0, age_s=80.0), T0),
        (B, reading(cpu_s=11.0, age_s=40.0), T0 + 30),
        (B, reading(cpu_s=13.0, age_s=70.0), T0 + 60),
    )

    assert (47.0, 30.0) == (part.cpu_s, part.missed_s)


def test_a_total_that_falls_in_one_entry_goes_on_from_where_it_was():
    """The agent polls, and did not see the folder go and come."""
    part = part_of(
        (A, reading(cpu_s=45.0, age_s=80.0), T0), (A, reading(cpu_s=2.0, age_s=110.0), T0 + 30)
    )

    assert 47.0 == part.cpu_s


def test_an_end_that_is_read_twice_counts_once():
    """lmaster asks again when it was restarted."""
    end = reading(cpu_s=4.0, age_s=50.0, reading_age_s=9.0, end_age_s=9.0, end_sequence=1)
    part = part_of((A, end, T0), (A, end._replace(end_age_s=39.0, reading_age_s=39.0), T0 + 30))

    assert (4.0, T0 - 9, True) == (part.cpu_s, part.end_s, part.is_final)


def test_an_end_that_was_only_polled_is_not_final():
    """What the job used after the last look is unknown."""
    part = part_of(
        (A, reading(cpu_s=4.0, age_s=50.0, reading_age_s=12.0, end_age_s=9.0, end_sequence=1), T0)
    )

    assert (False, T0 - 12) == (part.is_final, part.known_until_s)


def test_after_its_end_a_job_used_nothing_as_long_as_the_agent_says_so():
    """An allocation without a step is idle."""
    of = agent("d")
    part = part_of((of, reading(cpu_s=4.0, reading_age_s=9.0, end_age_s=9.0, end_sequence=1), T0))
    of.page_s = T0 + 600

    assert T0 + 600 == part.known_until_s


def test_maxima_are_kept():
    """Own memory is the larger of what the agent and what lmaster has seen."""
    part = part_of(
        (A, reading(own_bytes=5.0, own_max_bytes=4.0, peak_bytes=9.0, cpus=4.0), T0),
        (A, reading(own_bytes=1.0, own_max_bytes=2.0, peak_bytes=3.0), T0 + 30),
    )

    assert (4.0, 5.0, 9.0) == part.levels[:3]


def test_one_entry_of_two_runs_is_split():
    """The next run has what was used since then; whose the maxima are is unknown."""
    part = part_of((A, reading(cpu_s=45.0, peak_bytes=7.0, age_s=80.0), T0))

    after = part.split(reading(cpu_s=50.0), 30.0)
    after.add(reading(cpu_s=50.0, peak_bytes=8.0, age_s=110.0), A, T0 + 30)

    assert (45.0, 5.0, None) == (part.cpu_s, after.cpu_s, after.levels[2])


lives = st.lists(
    st.tuples(st.sampled_from(["run", "lose", "agent", "boot", "life"]), st.integers(1, 50)),
    max_size=40,
)


@given(lives)
def test_totals_never_fall_and_never_exceed_what_was_used(steps):
    """Whatever happens to the job's folder, its agent, its node and the pages."""
    now_s, used, of, boot = T0, 0.0, agent("0"), "boot"
    life = entry = last = 0.0
    life_began_s = began_s = T0
    is_one_life, part = True, NodePart("n1", of, "", 30.0)
    for number, (what, amount) in enumerate(steps):
        now_s += 30
        if what in ("boot", "life"):
            is_one_life, life, life_began_s = False, 0.0, now_s - 10
        if what in ("boot", "agent"):  # an agent that starts knows the folder of now only
            boot = str(number) if what == "boot" else boot
            of, entry, began_s = agent(str(number), boot), life, life_began_s
        used, life, entry = used + amount, life + amount, entry + amount
        if what == "lose":
            continue
        part.add(reading(cpu_s=entry, age_s=now_s - began_s, reading_age_s=0.0), of, now_s)
        assert last <= part.cpu_s <= used
        assert part.cpu_s == used or not is_one_life
        last = part.cpu_s
    assert len(part.cpu_curve.values) <= 120
    assert last == pytest.approx(sum(part.cpu_curve.values), rel=1e-3)


def test_totals_and_levels_of_a_reading_are_where_a_part_takes_them_from():
    """It takes them as slices, as that is fast."""
    assert ("cpu_s", "stalled_io_s") == (JobReading._fields[3], JobReading._fields[7])
    assert ("cpus", "own_max_bytes", "tasks") == (
        *JobReading._fields[8:10],
        JobReading._fields[13],
    )


def test_gpus_are_bounded():
    """An agent that invents new ones for each page must not fill the memory."""
    gpus = [tuple((f"{one}-{at}", 1.0) for at in range(MOST_GPUS)) for one in range(9)]
    part = part_of(*((A, reading(cpu_s=1.0, gpus=one), T0 + at) for at, one in enumerate(gpus)))

    assert tuple(uuid for uuid, _ in gpus[0]) == part.gpus
