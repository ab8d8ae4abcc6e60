"""'Did you mean …' for names that are not known."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return ``; did you mean NAME?`` for the known name nearest to *found*, or nothing."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(found.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[near[0]]}?" if near else ""
