"""The targets in a response of lmaster, and their table."""

import json

from fructosa_bridge.client import target_list
from fructosa_bridge.scrape.scrape_errors import REFUSED
from fructosa_bridge.scrape.target_state import CLOCK_AHEAD
from fructosa_bridge.web.status import target_status

from ..fake_master import targets_json
from ..fake_status import state


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


def test_an_lmaster_of_another_version_may_have_no_clocks():
    """The command and the daemon are not always upgraded together."""
    fields = dict(target_status(state("n1", up=True)))
    del fields["clock_off_s"]

    (target,) = target_list.parse(json.dumps({"targets": [fields]}))

    assert "" == target.problem


def test_all_fields_are_kept():
    """Also those of a newer lmaster."""
    text = json.dumps({"targets": [{**target_status(state("n1", up=True)), "new": [1]}]})

    (target,) = target_list.parse(text)

    assert [1] == target.fields["new"]
    assert "n1" == target.host
