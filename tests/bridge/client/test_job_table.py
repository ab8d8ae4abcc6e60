"""The table of jobs."""

import pytest

from fructosa_bridge.client import job_table
from fructosa_bridge.client.job_table import table
from fructosa_bridge.job_archive.record import record

from ..jobs.known_jobs import T0
from .test_job_report import LATER_S, NOTHING, VIEW

TABLE = """\
JOB   USER  PARTITION  STATE      NODES   CPUS  START             TIME  CPU%       MEMORY  NAME
7     ada   batch      COMPLETED  n1         4  15 Jan 08:00:00  100 s    25  2.8-3.7 GiB  job
20_1  ada   batch      TIMEOUT    n[1-3]     4  15 Jan 08:00:00  100 s    25    ≤ 3.7 GiB  job
7     ?     ?          ?          ?          ?  ?                    ?     ?            ?  ?"""


def test_the_table_has_a_line_for_each_job():
    """What is not known is a question mark, also a state."""
    task = VIEW._replace(
        array_job_id=20, array_task=1, state="TIMEOUT", memory_own_max_bytes=None
    )._replace(nodes=("n1", "n2", "n3"))

    assert TABLE == "\n".join(table([record(one) for one in (VIEW, task, NOTHING)], LATER_S))


def test_without_jobs_the_table_is_its_head():
    """In every terminal."""
    assert [1, 1] == [len(list(table([], T0, width))) for width in (None, 5)]


@pytest.mark.parametrize(
    ("width", "left_out", "name"),
    [
        (None, (), 30),
        (121, (), 30),
        (120, (), 30),
        (100, (), 12),
        (88, ("NODES", "CPUS"), 13),
        (80, ("NODES", "CPUS", "PARTITION"), 16),
        (70, ("NODES", "CPUS", "PARTITION", "USER"), 12),
        (1, ("NODES", "CPUS", "PARTITION", "USER"), 8),
    ],
)
def test_a_table_that_is_too_wide_does_without_some_columns(width, left_out, name):
    """The name is cut first; what people ask for stays."""
    run = VIEW._replace(name="n" * 50, memory_own_max_bytes=None, job_id=7_000_000)

    head, row = table([record(run)], LATER_S, width)

    heads = ("USER", "PARTITION", "NODES", "CPUS", "NAME", "JOB")
    assert set(left_out) == {one for one in heads if one not in head.split()}
    assert f"{'n' * (name - 1)}…" == row.split()[-1]
    assert width in (None, 1) or len(row) <= width


def cell_of(view, head):
    """Return the cell of a run below a head, whose cells begin where it does."""
    lines = list(table([record(view)], LATER_S))
    return lines[1][lines[0].index(head) :].split("  ")[0].strip()


@pytest.mark.parametrize(
    ("nodes", "cell"),
    [
        ((), "?"),
        (("node042",), "node042"),
        (("n2", "n1"), "n[1-2]"),
        (tuple(f"node{number:03}" for number in range(1, 129)), "node[001-128]"),
        (tuple(f"node{number:03}" for number in range(1, 129, 7)), "19"),
        (("a-name-of-15-chs",), "1"),
    ],
)
def test_nodes_are_a_node_set_if_it_is_short(nodes, cell):
    """Else how many there are."""
    assert cell == cell_of(VIEW._replace(nodes=nodes), "NODES")


def test_seconds_and_node_sets_are_shown_if_there_is_room():
    """The name comes first, then the node set."""
    run = VIEW._replace(name="n" * 20, nodes=("node042", "node043"))

    starts = [list(table([record(run)], LATER_S, width))[1] for width in (120, 112, 90)]

    assert ["08:00:00" in row for row in starts] == [True, False, False]
    assert ["node[042-043]" in row for row in starts] == [True, True, False]


def test_only_so_many_names_are_put_together(monkeypatch):
    """The other jobs have numbers: a long table must not take long."""
    monkeypatch.setattr(job_table, "_MOST_FOLDED", 4)
    runs = [VIEW._replace(nodes=(f"n{number}", "n9")) for number in (1, 2, 1, 3)]

    _, *rows = table([record(run) for run in runs], LATER_S)

    assert ["n[1,9]", "n[2,9]", "n[1,9]", "2"] == [row.split()[4] for row in rows]


@pytest.mark.parametrize(
    ("least", "most", "cell"),
    [
        (600 * 2**10, 1.7 * 2**20, "0.6-1.7 MiB"),
        (30 * 2**10, 1.7 * 2**30, "30 KiB-1.7 GiB"),
        (0.0, 2**30, "0-1 GiB"),
        (2**30, 2**30, "1 GiB"),
        (2**20, None, "≥ 1 MiB"),
        (None, 2**20, "≤ 1 MiB"),
        (None, None, "?"),
    ],
)
def test_memory_is_a_range(least, most, cell):
    """From what was seen to the kernel's peak; one bound says which it is."""
    view = VIEW._replace(memory_own_max_bytes=least, memory_peak_bytes=most)
    lines = list(table([record(view._replace(name="x"))], LATER_S))

    assert lines[1].endswith(f"  {cell}  x")
