"""States of Slurm in panels and alerts are those that lmaster reports."""

import re

from fructosa_bridge.slurm_states.node_states import RULES, USABLE
from fructosa_grafana.queries.slurm_states import OUT_OF_SERVICE, one_of
from fructosa_service.device_names import NamePattern


def test_a_pattern_of_names_is_a_glob_and_a_regular_expression():
    """For Graphite, and for Prometheus."""
    assert NamePattern("{idle,down}", "idle|down") == one_of("idle", "down")


def test_nodes_that_are_out_of_service_have_states_that_exist():
    """A misspelled state would be counted by nobody; a usable one would be an alert for nothing."""
    states = {rule.state for rule in RULES}

    out = {state for state in states if re.fullmatch(OUT_OF_SERVICE.regex, state)}

    assert sorted(out) == sorted(OUT_OF_SERVICE.regex.split("|"))
    assert set() == out & USABLE
