"""The running totals of GPUs."""

from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.slurm_totals.gpu_totals import MOST_GPUS, GPULook, GPUTotals

SHARES = st.none() | st.floats(0, 1)


def look(uuid="a", **values):
    """Return a look at a GPU."""
    return GPULook(uuid, "0", **values)


def totals_of(*looks):
    """Return the totals of one GPU after looks that are 10 s apart."""
    totals = GPUTotals()
    for at, one in enumerate(looks):
        totals.add([one], 10.0 * at)
    (found,) = totals.known()
    return found


def test_the_mean_since_the_last_look_counts_exactly():
    """Whatever the utilisation is just now."""
    found = totals_of(look(busy=1.0), look(busy=1.0, mean_busy=0.25), look(busy=0, mean_busy=0.5))

    assert 7.5 == found.busy_s


def test_without_a_mean_the_average_of_two_looks_counts():
    """What is busy at one of them only was busy for half the time, as far as is known."""
    found = totals_of(look(busy=0.0), look(busy=1.0), look(busy=1.0))

    assert 15.0 == found.busy_s


def test_a_gpu_that_does_not_tell_has_no_busy_seconds():
    """As with MIG: absent is not zero."""
    found = totals_of(look(), look())

    assert (None, None, None) == (found.busy_s, found.memory_max_bytes, found.energy_joules)


def test_the_largest_memory_stays():
    """And the energy is the last one."""
    found = totals_of(
        look(memory_bytes=3, energy_joules=7.0),
        look(memory_bytes=9, energy_joules=8.0),
        look(memory_bytes=1, energy_joules=9.5),
    )

    assert (9, 9.5) == (found.memory_max_bytes, found.energy_joules)


def test_a_gpu_that_is_lost_is_absent_and_goes_on_later():
    """Its time away counts by what was seen before and after it."""
    totals = GPUTotals()
    totals.add([look(busy=1.0)], 0.0)
    totals.add([], 10.0)
    assert [] == totals.known()

    totals.add([look(busy=1.0)], 20.0)

    assert [20.0] == [one.busy_s for one in totals.known()]


def test_the_number_of_gpus_is_bounded():
    """Whatever a driver names."""
    totals = GPUTotals()

    totals.add((look(str(at)) for at in range(MOST_GPUS + 5)), 0.0)

    assert MOST_GPUS == len(totals.known())


@given(st.lists(st.tuples(SHARES, SHARES, st.floats(-1, 100)), max_size=20))
def test_totals_never_fall_and_are_never_more_than_the_time(history):
    """Also if a clock is set back."""
    totals, now_s, before_s, time_s = GPUTotals(), 0.0, 0.0, 0.0

    for busy, mean_busy, step_s in history:
        now_s += step_s
        time_s += max(0.0, step_s)
        totals.add([look(busy=busy, mean_busy=mean_busy)], now_s)
        busy_s = totals.known()[0].busy_s or 0.0
        assert before_s <= busy_s <= time_s + 1e-6
        before_s = busy_s
