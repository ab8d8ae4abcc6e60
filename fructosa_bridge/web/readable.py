"""Numbers as the pages write them for people."""

from collections.abc import Sequence

_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_AGES = ((86400, "d"), (3600, "h"), (60, "min"))


def many(number: float) -> str:
    """Return a count with its thousands apart."""
    return f"{number:,.0f}".replace(",", "\u202f")


def size(number: float) -> str:
    """Return a number of bytes."""
    return _scaled(number, _BYTES, "B")


def age(seconds: float) -> str:
    """Return a time that passed."""
    return _scaled(seconds, _AGES, "s")


def _scaled(number: float, units: Sequence[tuple[int, str]], base: str) -> str:
    for one, unit in units:
        if number >= one:
            whole = number / one
            return (
                f"{whole:.1f} {unit}" if whole < 10 and whole % 1 >= 0.05 else f"{whole:.0f} {unit}"
            )
    return f"{number:.0f} {base}"


def took(seconds: float | None) -> str:
    """Return how long a scrape took; nothing where there was none."""
    if seconds is None:
        return ""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
