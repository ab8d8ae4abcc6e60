"""Quantities and their values."""

from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.gpus.quantities import columns, known, known_columns
from fructosa_exporter.gpus.units import scaled


def test_unknown_values_are_left_out():
    """Absent is not zero."""
    assert {("draw",): 0.0} == known({("draw",): 0.0, ("limit",): None})
    assert scaled(None, 2) is None
    assert 6 == scaled(3, 2)


def test_the_tuple_of_quantities_is_reused_while_all_are_known():
    """Callers use its identity to cache."""
    quantities = (("draw",), ("limit",))

    assert quantities is known_columns(quantities, (0.0, 2.0))[0]
    assert (("limit",),) == known_columns(quantities, (None, 2.0))[0]
    assert [2.0] == known_columns(quantities, (None, 2.0))[1]


@given(st.lists(st.none() | st.floats(allow_nan=False)))
def test_mappings_and_columns_have_the_same_content(values):
    """A mapping becomes one part; columns stay as they are."""
    whole = {(str(place),): value for place, value in enumerate(values)}
    one = known_columns(tuple(whole), values)

    (from_whole,) = columns(known(whole))
    assert dict(zip(*from_whole, strict=True)) == dict(zip(*one, strict=True))
    assert [one, from_whole] == columns([one, from_whole])
