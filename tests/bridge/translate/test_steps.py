"""Work in steps."""

from fructosa_bridge.translate.steps import ahead, at_once


def count_to(number):
    """Return a *number* after as many steps."""
    for _ in range(number):
        yield
    return number


def test_work_may_be_done_at_once():
    """Whatever the number of its steps."""
    assert [0, 1, 5] == [at_once(count_to(number)) for number in (0, 1, 5)]


def test_work_goes_on_where_it_was_left():
    """Work without steps needs none of those that are allowed."""
    assert (0, 2) == ahead(count_to(0), 2)
    assert (1, 1) == ahead(count_to(1), 2)
    long = count_to(3)
    assert (None, 0) == ahead(long, 2)
    assert (None, 0) == ahead(long, 0)
    assert (3, 1) == ahead(long, 2)
