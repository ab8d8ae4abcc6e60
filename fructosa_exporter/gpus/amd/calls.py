"""Calls of AMD SMI, and what its answers and errors mean."""

from collections.abc import Iterable
from typing import Any

from fructosa_exporter.gpus.driver import DriverError, GPULost

# AMDSMI_STATUS_* of amdsmi.h.
NOT_SUPPORTED, NOT_IMPLEMENTED, DRM_ERROR, API_FAILED, TIMEOUT, NO_PERM = 2, 3, 6, 7, 8, 10
IO, ADDRESS_FAULT, INIT_ERROR, NO_FOLDER, NOT_FOUND, NOT_INIT = 12, 13, 18, 20, 31, 32
NOT_LOADED, UNEXPECTED_SIZE, UNEXPECTED_DATA, NO_FILE, RESTART_FAILED = 34, 42, 43, 52, 54
NOT_MAPPED, UNKNOWN = 0xFFFFFFFE, 0xFFFFFFFF

_OF_DRIVER = {INIT_ERROR, NOT_INIT, NOT_LOADED}
_OF_GPU = {IO, RESTART_FAILED}
# What metrics answer for a GPU that is gone: ENODEV and ETIME of the kernel are UNKNOWN here.
ILL = {DRM_ERROR, TIMEOUT, ADDRESS_FAULT, NOT_MAPPED, UNKNOWN}
# These stand for EIO, ENXIO and files that are gone, but also for metrics that the library does
# not understand: they tell something only of a GPU that had metrics before.
UNREADABLE = {API_FAILED, NO_FOLDER, NOT_FOUND, UNEXPECTED_SIZE, UNEXPECTED_DATA, NO_FILE}
# A GPU does not have it; neither has a version without the function.
ABSENT = {0, NOT_SUPPORTED, NOT_IMPLEMENTED}

# What stands where there is no number, by the width that it has in the library.
_NONE_16, _NONE_32, _NONE_64 = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def query_with_status(smi: Any, function: str, *arguments: Any) -> tuple[Any | None, int]:
    """Return what a *function* of AMD SMI answers, and the status of the library.

    The answer is None where it has nothing to tell: a version without the function, a GPU that
    does not support it, a right that is missing, or another program that holds the GPU.

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
        # Its Python stumbles over what a GPU does not have, such as a serial number "N/A".
        return None, 0
    if code in _OF_DRIVER:
        raise DriverError(f"AMD SMI no longer answers: {text}")
    if code in _OF_GPU:
        raise GPULost(text)
    return None, code


def query(smi: Any, function: str, *arguments: Any) -> Any | None:
    """Return what a *function* answers; None where it has nothing to tell.

    Raises: GPULost, DriverError.
    """
    return query_with_status(smi, function, *arguments)[0]


def error_text(error: Exception) -> str:
    """Return the text of an *error* of AMD SMI in one line."""
    return " ".join(str(error).split())


def number(value: Any) -> float | None:
    """Return a *value* that counts; None for "N/A" and what else stands where there is none."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_one and 0 <= value < _NONE_64 and value != _NONE_32 else None


def measure(value: Any) -> float | None:
    """Return a *value* of 16 bits; None for what stands where there is none."""
    found = number(value)
    return None if found == _NONE_16 else found


def text(value: Any) -> str:
    """Return a *value* that is a text; an empty one for "N/A"."""
    return value.strip() if isinstance(value, str) and value.strip() != "N/A" else ""


def entry(answer: Any, *keys: str) -> Any | None:
    """Return what an *answer* has below *keys*; None where a version has no such key."""
    for key in keys:
        answer = answer.get(key) if isinstance(answer, dict) else None
    return answer


def measures(values: Any) -> list[float]:
    """Return all numbers of 16 bits within *values*, which is one, or a list of such."""
    if isinstance(values, Iterable) and not isinstance(values, str):
        return [one for value in values for one in measures(value)]
    one = measure(values)
    return [] if one is None else [one]
