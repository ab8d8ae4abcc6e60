"""sdiag: the scheduler's figures."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.errors import SlurmError
from fructosa_bridge.slurm_output.sdiag import FIELDS, INVALID, parse

from .outputs import HERE, recorded

OUTPUT = recorded("sdiag")
FOUND = parse(OUTPUT)
NAMES = {name for name, _ in FIELDS.values()} | {"backfill_last_time_s", "time_s"}


def written(version):
    """Return what is written for a version."""
    return (HERE / "written" / version / "sdiag").read_text()


def line(label, section=OUTPUT):
    """Return the number behind a label, as a person reads it."""
    return int(re.search(rf"^\t?{re.escape(label)}: *(\d+)$", section, re.MULTILINE)[1])


def test_every_figure_is_read_in_seconds():
    """Slurm prints microseconds; the same labels are in two sections."""
    main, backfill = OUTPUT.split("Backfilling stats")
    values = FOUND.values

    assert NAMES == values.keys()
    assert line("Server thread count") == values["server_threads"]
    assert line("DBD Agent queue size") == values["dbd_agent_queue_size"] == 0
    assert line("Jobs submitted") == values["jobs_submitted"] > 10_000
    for name, section in (("main", main), ("backfill", backfill)):
        assert line("Total cycles", section) == values[f"{name}_cycles"]
        assert line("Last queue length", section) == values[f"{name}_queue_length"]
        for which in ("Last", "Max", "Mean"):
            value = values[f"{name}_{which.lower()}_cycle_s"]
            assert line(f"{which} cycle", section) == pytest.approx(value * 1e6)
    assert f"sdiag output at Sun Nov 29 21:56:51 2026 ({values['time_s']})" in OUTPUT
    assert f"Last cycle when: Sun Nov 29 21:56:50 2026 ({values['backfill_last_time_s']})" in OUTPUT


def test_rpcs_are_read_by_kind_not_by_user():
    """With their count, and the time that they took together."""
    by_kind = {one.kind: one for one in FOUND.rpcs}

    assert len(by_kind) == len(FOUND.rpcs) == OUTPUT.count("\tREQUEST") + OUTPUT.count("\tMESSAGE")
    found = re.search(r"REQUEST_SUBMIT_BATCH_JOB .*count:(\d+) .*total_time:(\d+)", OUTPUT)
    one = by_kind["REQUEST_SUBMIT_BATCH_JOB"]
    assert (int(found[1]), int(found[2])) == (one.count, pytest.approx(one.total_s * 1e6))
    assert "root" not in by_kind


def test_new_sections_are_not_taken_for_those_that_are_known():
    """Why a scheduler ended its cycles, and which RPCs wait."""
    found = parse(written("25.05"))

    assert FOUND == found


def test_what_slurmctld_has_not_counted_yet_is_absent():
    """As after its start: no means, no backfill cycle, no RPCs."""
    found = parse(written("25.11"))

    missing = {"main_mean_cycle_s", "backfill_mean_cycle_s", "backfill_last_time_s"}
    assert NAMES - missing == found.values.keys()
    assert [] == found.rpcs


@pytest.mark.parametrize(
    ("begin", "label"),
    [
        ("", "Server thread count"),
        ("Main schedule", "Last queue length"),
        ("Remote Procedure Call statistics by user", "Remote Procedure Call statistics by user"),
    ],
)
def test_output_without_a_section_is_an_error(begin, label):
    """The message says which line is missing."""
    with pytest.raises(SlurmError) as raised:
        parse(OUTPUT[: OUTPUT.index(begin)])

    assert INVALID.format(line=label) == str(raised.value)


@given(st.integers(0, len(OUTPUT)))
def test_output_that_was_cut_is_an_error_or_complete(end):
    """All that is read comes before the RPCs by user."""
    try:
        found = parse(OUTPUT[:end])
    except SlurmError:
        return
    assert FOUND == found


@given(st.data())
def test_lost_and_repeated_lines_give_an_error_or_true_figures(data):
    """What is lost is absent."""
    lines = OUTPUT.splitlines(keepends=True)
    section = OUTPUT[: OUTPUT.index("Backfilling")].count("\n")
    place = data.draw(st.integers(0, len(lines) - 1).filter(lambda place: place != section))
    times = data.draw(st.sampled_from([0, 2]))
    try:
        found = parse("".join([*lines[:place], *[lines[place]] * times, *lines[place + 1 :]]))
    except SlurmError:
        return
    assert found.values.items() <= FOUND.values.items()
    assert [] == [one for one in found.rpcs if one not in FOUND.rpcs]


@given(st.integers(0, len(OUTPUT)), st.binary(max_size=20))
def test_inserted_bytes_give_an_error_or_figures(place, inserted):
    """Never another exception, and no figure that is not known."""
    try:
        found = parse(OUTPUT[:place] + inserted.decode(errors="replace") + OUTPUT[place:])
    except SlurmError:
        return
    assert found.values.keys() <= NAMES
    assert all(value >= 0 for value in found.values.values())


@given(st.text())
def test_any_other_text_is_an_error(text):
    """Warnings, for instance."""
    with pytest.raises(SlurmError):
        parse(text)


@pytest.mark.parametrize(
    "text", ["\tREQUEST" + " " * 200_000, "\tLast cycle when: " + "(1" * 100_000, "a:" * 200_000]
)
def test_a_long_line_is_read_once(text):
    """Not once for each of its parts."""
    rpcs = "Remote Procedure Call statistics by message type\n"

    assert FOUND == parse(OUTPUT.replace(rpcs, f"{rpcs}{text}\n"))
