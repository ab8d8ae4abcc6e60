"""Calls of AMD SMI, and the meaning of its results and errors."""

from collections.abc import Iterable
from typing import Any

from fructosa_exporter.gpus.driver import DriverError, GPULost

# AMDSMI_STATUS_* of amdsmi.h.
NOT_SUPPORTED, NOT_IMPLEMENTED, DRM_ERROR, API_FAILED, TIMEOUT, NO_PERM = 2, 3, 6, 7, 8, 10
IO, ADDRESS_FAULT, INIT_ERROR, NO_FOLDER, NOT_FOUND, NOT_INIT = 12, 13, 18, 20, 31, 32
NOT_LOADED, UNEXPECTED_SIZE, UNEXPECTED_DATA, NO_FILE, RESTART_FAILED = 34, 42, 43, 52, 54
NOT_MAPPED, UNKNOWN = 0xFFFFFFFE, 0xFFFFFFFF

_DRIVER_ERRORS = {INIT_ERROR, NOT_INIT, NOT_LOADED}
_GPU_ERRORS = {IO, RESTART_FAILED}
# Status of the metrics of a GPU that is gone: the kernel's ENODEV and ETIME become UNKNOWN.
GONE = {DRM_ERROR, TIMEOUT, ADDRESS_FAULT, NOT_MAPPED, UNKNOWN}
# These stand for EIO, ENXIO and missing files, but also for metrics that the library does not
# understand. So they are significant only for a GPU that had metrics before.
UNREADABLE = {API_FAILED, NO_FOLDER, NOT_FOUND, UNEXPECTED_SIZE, UNEXPECTED_DATA, NO_FILE}
# The GPU does not support the value, or the library does not have the function.
ABSENT = {0, NOT_SUPPORTED, NOT_IMPLEMENTED}

# Missing numbers, by their width in the library.
_NONE_16, _NONE_32, _NONE_64 = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def query_with_status(smi: Any, function: str, *arguments: Any) -> tuple[Any | None, int]:
    """Call a *function* of AMD SMI; return its result and the status of the library.

    The result is None if it is not available: the version has no such function, the GPU does not
    support it, permission is missing, or another program has locked the GPU.

    Raises: GPULost, DriverError.
    """
    call = getattr(smi, function, None)
    if call is None:
        return None, 0
    try:
        return call(*arguments), 0
    except smi.AmdSmiLibraryException as error:
        code, text = abs(error.err_code), error_text(error)
    except (smi.AmdSmiException, ArithmeticError, LookupError, TypeError, ValueError):
        # Its Python code fails on values that a GPU does not have, such as a serial number "N/A".
        return None, 0
    if code in _DRIVER_ERRORS:
        raise DriverError(f"AMD SMI no longer responds: {text}")
    if code in _GPU_ERRORS:
        raise GPULost(text)
    return None, code


def query(smi: Any, function: str, *arguments: Any) -> Any | None:
    """Call a *function* of AMD SMI; return its result, or None if it is not available.

    Raises: GPULost, DriverError.
    """
    return query_with_status(smi, function, *arguments)[0]


def error_text(error: Exception) -> str:
    """Return the text of an *error* of AMD SMI as one line."""
    return " ".join(str(error).split())


def number(value: Any) -> float | None:
    """Return a *value* of 32 or 64 bits; None for "N/A" and other missing values."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and 0 <= value < _NONE_64 and value != _NONE_32 else None


def number_16(value: Any) -> float | None:
    """Return a *value* of 16 bits; None if it is missing."""
    result = number(value)
    return None if result == _NONE_16 else result


def text(value: Any) -> str:
    """Return a *value* that is a text; an empty text for "N/A"."""
    return value.strip() if isinstance(value, str) and value.strip() != "N/A" else ""


def entry(result: Any, *keys: str) -> Any | None:
    """Return the entry at the nested *keys* of *result*; None if a version has no such key."""
    for key in keys:
        result = result.get(key) if isinstance(result, dict) else None
    return result


def numbers_16(values: Any) -> list[float]:
    """Return all numbers of 16 bits in *values*, which is a number or a nested list of numbers."""
    if isinstance(values, Iterable) and not isinstance(values, str):
        return [one for value in values for one in numbers_16(value)]
    one = number_16(values)
    return [] if one is None else [one]
