"""Waiting before the next try."""

from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.deliver.backoff import delay


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_wait_is_never_long_and_never_nothing(failures, jitter):
    """A carbon that comes back is found within half a minute."""
    assert 0.25 <= delay(failures, jitter) <= 30


def test_the_wait_doubles():
    """Without jitter."""
    assert [0.5, 1, 2, 4, 8, 16, 30, 30] == [delay(failures, 0) for failures in range(1, 9)]
