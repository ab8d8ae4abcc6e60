"""What the page of jobs tells of the GPUs and the energy of its node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.job_gpus.machine_page import (
    GPUFigures,
    MachineFigures,
    machine_figures,
)
from fructosa_bridge.slurm_output.gpu_indexes import MOST_GPUS
from fructosa_exporter.page.jobs_page import jobs_page
from fructosa_exporter.slurm.series import JobsState
from fructosa_exporter.slurm_totals.gpu_totals import GPULook, GPUTotal
from fructosa_exporter.slurm_totals.node_series import MachineTotals

from ..jobs.pages import page, reading, text_of
from .small_node import lines_of

SECONDS = st.none() | st.floats(0, 3e10)
INFO = '\nfructosa_slurm_gpu_info{uuid="a",index="0",minor="1"} 1\n'
BUSY = "fructosa_slurm_gpu_busy_seconds_total"


@given(
    st.dictionaries(
        st.from_regex(r"GPU-[0-9a-f]{1,8}", fullmatch=True),
        st.tuples(st.integers(0, 99), st.none() | st.integers(0, 99), SECONDS, SECONDS),
        max_size=9,
    ),
    SECONDS,
)
def test_what_lagent_writes_is_read(gpus, energy_joules):
    """Its page and this parser agree."""
    totals = [
        GPUTotal(GPULook(uuid, str(number), minor, energy_joules=joules), 1.0, busy_s, 5.0)
        for uuid, (number, minor, busy_s, joules) in gpus.items()
    ]
    state = JobsState("0123456789abcdef", "boot", True, 0, 0, 0, 0)

    text = jobs_page(state, [], 0.0, MachineTotals(totals, energy_joules))

    figures = [
        GPUFigures(uuid, number, minor, False, busy_s, joules)
        for uuid, (number, minor, busy_s, joules) in gpus.items()
    ]
    expected = MachineFigures(figures, energy_joules)
    assert machine_figures(text) == (expected if gpus or energy_joules is not None else None)


def test_a_page_without_them_has_none():
    """It may be of an older lagent, or of a node that measures neither."""
    assert None is machine_figures(text_of(page(reading(7, cpu_s=1.0))))


def test_a_divided_gpu_says_so():
    """Its parts are given to jobs, and it does not tell how long it was busy."""
    text = "\n" + lines_of([GPUFigures("a", 0, 0, True)])

    assert [GPUFigures("a", 0, 0, True)] == machine_figures(text).gpus


@pytest.mark.parametrize("number", ["-1", "nan", "1e99", "x", "1 2", ""])
def test_a_value_that_is_not_valid_is_left_out(number):
    """The GPU and the jobs of the page stay."""
    text = f'{INFO}{BUSY}{{uuid="a"}} {number}\n'

    assert [GPUFigures("a", 0, 1)] == machine_figures(text).gpus


def test_totals_of_a_gpu_without_info_are_left_out():
    """Which one it is would not be known."""
    assert [] == machine_figures(f'\n{BUSY}{{uuid="a"}} 1\n').gpus


def test_energy_that_is_there_twice_is_not_known():
    """Which of both is right is not said."""
    line = "\nfructosa_slurm_node_energy_joules_total 1\n"

    assert 1.0 == machine_figures(line).energy_joules
    assert None is machine_figures(line + line).energy_joules


def test_the_number_of_gpus_is_bounded():
    """Whatever a page names."""
    text = "\n" + lines_of([GPUFigures(f"GPU-{at}", at) for at in range(MOST_GPUS + 5)])

    assert MOST_GPUS == len(machine_figures(text).gpus)


@given(st.text('\nfructosa_slurm_gpu_info{}uuid="",=0123456789 ', max_size=200))
def test_any_text_is_read_without_an_error(text):
    """Nothing below zero comes out."""
    found = machine_figures(INFO + text)

    assert all((gpu.busy_s or 0) >= 0 for gpu in found.gpus)
