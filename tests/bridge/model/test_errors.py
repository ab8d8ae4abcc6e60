"""The errors between a node and Graphite."""

from itertools import permutations

import pytest

from fructosa_bridge.model.errors import DeliveryError, PageError, ScrapeError

ERRORS = (PageError, ScrapeError, DeliveryError)


@pytest.mark.parametrize(("error", "other"), [*permutations(ERRORS, 2)])
def test_no_error_is_caught_as_another_one(error, other):
    """Each is handled where it is raised: a page, a target, a destination."""
    assert not issubclass(error, other)


@pytest.mark.parametrize("error", ERRORS)
def test_no_error_is_caught_as_one_of_the_system(error):
    """It has its final text; an OSError or a timeout is yet to be described."""
    assert not issubclass(error, OSError)
    assert "n1: refused" == str(error("n1: refused"))
