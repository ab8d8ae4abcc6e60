"""Numbers of drivers into base units, and which of them stand for none."""

# What NVML writes in place of a number that it does not have, in its types' widths, signed and not.
# DCGM's and NVML's "blank" values are just below the largest number of their type.
BLANK_32, BLANK_64 = 0x7FFFFFF0, 0x7FFFFFFFFFFFFFF0
_HOTTEST_C, _COLDEST_C = 300, -100
_MOST_MW = 100_000_000


def number(value: int | None) -> int | None:
    """Return a *value* of 64 bits; None for what stands where there is none."""
    return None if value is None or value < 0 or value >= BLANK_64 else value


def small(value: int | None) -> int | None:
    """Return a *value* of 32 bits; None for what stands where there is none."""
    return None if value is None or value < 0 or value >= BLANK_32 else value


def celsius(value: float | None) -> float | None:
    """Return a temperature that something can have; None for others."""
    return None if value is None or not _COLDEST_C < value < _HOTTEST_C else value


def share(percent: int | None, most: int = 100) -> float | None:
    """Return a ratio of 0 to 1; None for what is no percentage, or above the *most* that can be."""
    return None if percent is None or not 0 <= percent <= most else percent / 100


def watts(milliwatts: int | None) -> float | None:
    """Return a power; None for what no GPU draws."""
    return None if milliwatts is None or not 0 <= milliwatts < _MOST_MW else milliwatts / 1000


def hertz(megahertz: int | None) -> float | None:
    """Return a frequency; None for what no GPU has."""
    return None if megahertz is None or not 0 <= megahertz < 100_000 else megahertz * 1_000_000


def scaled(value: float | None, factor: float) -> float | None:
    """Return *value* times *factor*; None for None."""
    return None if value is None else value * factor
