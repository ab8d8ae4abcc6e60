"""Hints for names that are nearly right."""

import pytest

from fructosa_service.suggest import did_you_mean

KNOWN = ("CPUPercent", "VirtualMemory", "maxBytes")


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        ("CPUPercnt", "CPUPercent"),
        ("cpupercent", "CPUPercent"),
        ("VirtualMem", "VirtualMemory"),
        ("max bytes", "maxBytes"),
    ],
)
def test_the_nearest_name_is_suggested_as_it_is_declared(found, meant):
    """In whatever case of letters it was written."""
    hint = did_you_mean(found, KNOWN)

    assert f"; did you mean {meant}?" == hint


@pytest.mark.parametrize("found", ["", "x", "completely different"])
def test_nothing_is_suggested_where_nothing_is_near(found):
    """A wild guess would mislead."""
    assert did_you_mean(found, KNOWN) == ""


def test_nothing_is_suggested_where_nothing_is_known():
    """An empty list of names gives no hint, and no error."""
    assert did_you_mean("host", []) == ""
