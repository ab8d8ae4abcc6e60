"""Numbers, sizes and times as people read them."""

from collections.abc import Sequence
from datetime import datetime

_BINARY = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_DECIMAL = ((10**15, "PB"), (10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_TIMES = ((86400, "days"), (3600, "h"), (60, "min"))


def count(number: float) -> str:
    """Return a number with commas between thousands: ``1,234,567``, ``0.5``."""
    return f"{number:,.0f}" if number == round(number) else f"{number:,g}"


def size(number: float) -> str:
    """Return a number of bytes in binary units, as for memory: ``1.5 MiB``."""
    return _size(number, _BINARY)


def disk_size(number: float) -> str:
    """Return a number of bytes in decimal units, as disks are sold: ``1.9 TB``."""
    return _size(number, _DECIMAL)


def duration(seconds: float) -> str:
    """Return a length of time: ``12.3 ms``, ``2.5 s``, ``90 s``, ``30 h``, ``42 days``."""
    if 0 < seconds < 0.9995:
        # Clocks are no finer than a microsecond; without round() there would be exponents.
        return f"{round(seconds * 1000, 3):.3g} ms"
    for unit_s, unit in _TIMES:
        # At least two of a unit: "30 h" says more than "1 day".
        if seconds >= 2 * unit_s:
            return f"{_short(seconds / unit_s)} {unit}"
    return f"{_short(max(0, seconds))} s"


def age(seconds: float) -> str:
    """Return how long ago something happened, to the second: ``7 s``, ``12 min``.

    The clock may have been set back since: then it is ``0 s``.
    """
    return duration(max(0, round(seconds)))


def size_range(least: float, most: float) -> str:
    """Return the bounds of a number of bytes: ``0.6-1.7 MiB``, ``30 KiB-1.7 GiB``, ``1.7 MiB``."""
    low, high = size(least), size(most)
    if low == high or least > most:
        return high
    unit_bytes = next((one for one, unit in _BINARY if high.endswith(f" {unit}")), 1)
    in_unit = _short(least / unit_bytes)
    return f"{low if least and in_unit == '0' else in_unit}-{high}"


def date(
    time_s: float, now_s: float, *, with_time: bool = False, with_seconds: bool = False
) -> str:
    """Return a local date, as short as possible: ``14:02`` today, ``3 Nov``, ``3 Nov 2025``.

    *with_time* it is ``3 Nov 14:02`` for other days of this year. Times are in seconds since 1970;
    what no calendar has is returned as such.
    """
    try:
        then, now = datetime.fromtimestamp(time_s), datetime.fromtimestamp(now_s)
    except (OverflowError, OSError, ValueError):
        return f"{time_s:g} s since 1970"
    clock = _clock(then, with_seconds=with_seconds)
    if then.date() == now.date():
        return clock
    if then.year != now.year:
        return f"{then.day} {then:%b} {then.year}"
    return f"{then.day} {then:%b}" + (f" {clock}" if with_time else "")


def period(start_s: float, end_s: float | None, now_s: float, *, with_seconds: bool) -> str:
    """Return local times with their dates: ``3 Nov 14:02 to 15:10``, ``3 Nov 2025 14:02``."""
    try:
        then, now = datetime.fromtimestamp(start_s), datetime.fromtimestamp(now_s)
        end = None if end_s is None else datetime.fromtimestamp(end_s)
    except (OverflowError, OSError, ValueError):
        return f"{start_s:g} s" + ("" if end_s is None else f" to {end_s:g} s") + " since 1970"
    text = _dated(then, now, with_seconds=with_seconds)
    if end is None:
        return text
    if end.date() == then.date():
        return f"{text} to {_clock(end, with_seconds=with_seconds)}"
    return f"{text} to {_dated(end, now, with_seconds=with_seconds)}"


def _dated(then: datetime, now: datetime, *, with_seconds: bool) -> str:
    year = "" if then.year == now.year else f" {then.year}"
    return f"{then.day} {then:%b}{year} {_clock(then, with_seconds=with_seconds)}"


def _clock(then: datetime, *, with_seconds: bool) -> str:
    return f"{then:%H:%M:%S}" if with_seconds else f"{then:%H:%M}"


def _size(number: float, units: Sequence[tuple[int, str]]) -> str:
    for unit_bytes, unit in units:
        if number >= 0.9995 * unit_bytes:  # "1 GiB" rather than "1,024 MiB"
            return f"{_short(number / unit_bytes)} {unit}"
    return f"{number:.0f} B"


def _short(number: float) -> str:
    """Return a number with one decimal if it is below ten."""
    return f"{number:,.0f}" if number >= 9.95 else f"{number:.1f}".removesuffix(".0")
