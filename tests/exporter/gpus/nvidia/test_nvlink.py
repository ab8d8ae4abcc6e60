"""The fields of NVLink."""

import pytest

from fructosa_exporter.gpus.nvidia.nvlink import link_queries


@pytest.mark.parametrize(
    ("field", "quantity", "factor"),
    [
        (165, ("up", "1"), 1),
        (138, ("transmit", "1"), 1024),
        (139, ("receive", "1"), 1024),
        (202, ("transmit", "1"), 1),
        (204, ("receive", "1"), 1),
        (161, ("errors", "1", "replay"), 1),
        (162, ("errors", "1", "recovery"), 1),
        (163, ("errors", "1", "crc"), 1),
        (208, ("errors", "1", "receive"), 1),
        (214, ("errors", "1", "recovery_failed"), 1),
        (215, ("errors", "1", "recovery"), 1),
        (221, ("errors", "1", "symbol"), 1),
    ],
)
def test_each_field_is_a_quantity_of_its_link(field, quantity, factor):
    """In bytes: the driver counts KiB up to Hopper, bytes since Blackwell."""
    asked = [(one.quantity, one.factor) for one in link_queries(range(2)) if one[:2] == (field, 1)]

    assert [(quantity, factor)] == asked


@pytest.mark.parametrize("count", [0, 1, 18])
def test_only_existing_links_are_queried(count):
    """Each with the same fields."""
    asked = [question.scope for question in link_queries(range(count))]

    assert set(range(count)) == set(asked)
    assert 12 * count == len(asked)


def test_only_an_active_link_is_up():
    """A link that is asleep or without traffic is not; counts are not affected."""
    active = {question.quantity[0]: question.active for question in link_queries([0])}

    assert {"up": 1, "transmit": None, "receive": None, "errors": None} == active
