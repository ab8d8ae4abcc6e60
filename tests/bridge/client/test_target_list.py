"""The targets in a response of lmaster, and their table."""

import json

from fructosa_bridge.client import target_list
from fructosa_bridge.scrape.scrape_errors import REFUSED
from fructosa_bridge.scrape.target_state import CLOCK_AHEAD
from fructosa_bridge.web.status import target_status
from fructosa_service.humanize import date

from ..fake_master import targets_json
from ..fake_status import down, state, up
from ..known_slurm import node, slurm


def test_failed_targets_are_the_first_rows_of_the_table():
    """Its columns are as wide as needed."""
    text = targets_json(
        state("n1", up=True, due_s=993.4, samples=272),
        state("node100", up=None),
        state("::1", up=False, due_s=100.0, error=REFUSED),
    )

    rows = list(target_list.table(target_list.parse(text), now_s=1000.0))

    assert [
        "STATE    TARGET        GROUP      LAST  SAMPLES  PROBLEM",
        f"down     [::1]:9888    compute  15 min        0  {REFUSED}",
        "waiting  node100:9888  compute                0",
        "up       n1:9888       compute     7 s      272",
    ] == rows


def test_a_clock_that_is_off_is_a_problem():
    """Unless there is a worse one."""
    text = targets_json(
        state("n1", up=True, clock_off_s=95.04),
        state("n2", up=False, error="refused", clock_off_s=95.0),
        state("n3", up=True),
    )

    problems = {target.host: target.problem for target in target_list.parse(text)}

    assert {"n1": CLOCK_AHEAD.format(off="95 s"), "n2": "refused", "n3": ""} == problems


def test_a_warning_is_a_problem():
    """Unless the scrape failed."""
    text = targets_json(
        state("n1", up=True, warning="odd"), state("n2", up=False, error="refused", warning="odd")
    )

    assert ["refused", "odd"] == [target.problem for target in target_list.parse(text)]


def test_an_lmaster_of_another_version_may_have_no_clocks():
    """The command and the daemon are not always upgraded together."""
    fields = dict(target_status(state("n1", up=True)))
    del fields["clock_off_s"], fields["warning"]

    (target,) = target_list.parse(json.dumps({"targets": [fields]}))

    assert "" == target.problem


def test_all_fields_are_kept():
    """Also those of a newer lmaster."""
    text = json.dumps({"targets": [{**target_status(state("n1", up=True)), "new": [1]}]})

    (target,) = target_list.parse(text)

    assert [1] == target.fields["new"]
    assert "n1" == target.host


def test_what_slurm_says_has_columns_if_it_says_something():
    """State and reason of the node, and since when; a long reason is cut."""
    known = slurm(
        node("n1", "IDLE+DRAIN", "bad DIMM", since_s=0), node("n2", "DOWN", "x" * 99, since_s=5)
    )
    text = targets_json(
        down("n1", error="refused", due_s=990), up("n2", due_s=990), up("login"), slurm=known
    )

    rows = list(target_list.table(target_list.parse(text), now_s=1000.0))

    cut, since = f"down: {39 * 'x'}\u2026", date(0, 1000)
    rest = ("LAST  SAMPLES  PROBLEM", "10 s        0  refused", "10 s      100", " 0 s      100")
    expected = [
        f"STATE  TARGET      GROUP    {'SLURM':{len(cut)}}  SINCE  {rest[0]}",
        f"down   n1:9888     compute  {'drained: bad DIMM':{len(cut)}}  {since}  {rest[1]}",
        f"up     n2:9888     compute  {cut}  {since}  {rest[2]}",
        f"up     login:9888  compute  {'unlisted':{len(cut)}}         {rest[3]}",
    ]
    assert expected == rows


def test_an_lmaster_of_before_says_nothing_of_slurm():
    """Its nodes are expected to be up."""
    fields = target_status(state("n1", up=True))
    old = {name: fields[name] for name in fields if "slurm" not in name and name != "is_expected"}

    (target,) = target_list.parse(json.dumps({"targets": [old]}))

    assert ("", None, True) == (target.slurm_state, target.slurm_since_s, target.is_expected)
