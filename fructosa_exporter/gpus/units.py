"""Conversion of drivers' numbers to base units; numbers that stand for a missing value are None."""

# NVML reports a missing value as the largest number of the type, signed or unsigned. The "blank"
# values of DCGM and NVML are just below it.
BLANK_32, BLANK_64 = 0x7FFFFFF0, 0x7FFFFFFFFFFFFFF0
_MAX_C, _MIN_C = 300, -100
_MAX_MW = 100_000_000


def number_64(value: int | None) -> int | None:
    """Return a *value* of 64 bits; None if it is missing or negative."""
    return None if value is None or value < 0 or value >= BLANK_64 else value


def number_32(value: int | None) -> int | None:
    """Return a *value* of 32 bits; None if it is missing or negative."""
    return None if value is None or value < 0 or value >= BLANK_32 else value


def celsius(value: float | None) -> float | None:
    """Return a temperature; None if it is missing or impossible."""
    return None if value is None or not _MIN_C < value < _MAX_C else value


def ratio(percent: int | None, limit: int = 100) -> float | None:
    """Return a percentage as a ratio; None if it is missing, negative or above *limit* percent."""
    return None if percent is None or not 0 <= percent <= limit else percent / 100


def watts(milliwatts: int | None) -> float | None:
    """Return a power; None if it is missing or impossible."""
    return None if milliwatts is None or not 0 <= milliwatts < _MAX_MW else milliwatts / 1000


def hertz(megahertz: int | None) -> float | None:
    """Return a frequency; None if it is missing or impossible."""
    return None if megahertz is None or not 0 <= megahertz < 100_000 else megahertz * 1_000_000


def scaled(value: float | None, factor: float) -> float | None:
    """Return *value* times *factor*; None for None."""
    return None if value is None else value * factor
