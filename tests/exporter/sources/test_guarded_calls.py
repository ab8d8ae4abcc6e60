"""Calls that may hang."""

import threading

from fructosa_exporter.sources.guarded_calls import GuardedCalls


def test_results_are_returned_by_key():
    """Of a call that failed, the OSError."""
    error = OSError("gone")

    def fail():
        raise error

    assert {"a": 1, "b": error} == GuardedCalls().results({"a": lambda: 1, "b": fail}, 30)


def test_a_call_that_hangs_is_not_made_again_until_it_returns():
    """The others are, without additional threads."""
    may_end, made = threading.Event(), []
    calls = GuardedCalls()

    def hang():
        made.append(threading.current_thread())
        assert may_end.wait(30)
        return "back"

    def again(within_s):
        return calls.results({"hangs": hang, "works": lambda: 1}, within_s)

    first = again(0.3)
    threads = threading.active_count()
    others = [again(30) for _ in range(100)]
    assert threads == threading.active_count()
    may_end.set()
    made[0].join(30)
    last = again(30)

    assert {"works": 1} == first
    assert [{"works": 1}] * 100 == others
    assert {"hangs": "back", "works": 1} == last
    assert len(made) == 2
