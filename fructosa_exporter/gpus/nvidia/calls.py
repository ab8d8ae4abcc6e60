"""Calls of NVML, whose errors mean a missing value, a lost GPU, or a failed driver."""

from typing import Any

from fructosa_exporter.gpus.driver import DriverError, GPULost, LibraryReplaced

NO_RESPONSE = "NVML no longer responds: {error}"

# NVML_ERROR_* of nvml.h.
UNINITIALIZED, NOT_LOADED, TIMEOUT, LIBRARY_NOT_FOUND, IRQ_ISSUE = 1, 9, 10, 12, 11
LOST, RESET_REQUIRED, OPERATING_SYSTEM, MISMATCH, UNKNOWN = 15, 16, 17, 18, 999

_DRIVER_ERRORS = {UNINITIALIZED, NOT_LOADED}
# Invalid argument, not supported, no permission, function not found, argument of another version,
# deprecated: the next call returns the same. Other errors pass, such as 19, in use.
LASTING = {2, 3, 4, 13, 25, 26}
GPU_ERRORS = {LOST, RESET_REQUIRED}
# Some calls return these for a GPU that fell off the bus, and none does for a healthy one.
_CHECK_ERRORS = {TIMEOUT, IRQ_ISSUE, OPERATING_SYSTEM, UNKNOWN}


def query(nvml: Any, function: str, *arguments: Any) -> Any | None:
    """Call a *function* of NVML; return None if the value is not available.

    The reason may be an old pynvml or driver without the function, a GPU that does not support it,
    or missing permission.

    Raises: GPULost, DriverError.
    """
    return query_with_hope(nvml, function, *arguments)[0]


def query_with_hope(nvml: Any, function: str, *arguments: Any) -> tuple[Any | None, bool]:
    """Return the result of ``query``; if it is None, also whether the next call may succeed.

    Raises: GPULost, DriverError.
    """
    call = getattr(nvml, function, None)
    if call is None:
        return None, False
    try:
        return call(*arguments), False
    except Exception as error:  # noqa: BLE001 - other errors are raised again
        return None, raise_unless_missing(nvml, error)


def raise_unless_missing(nvml: Any, error: Exception) -> bool:
    """Return if the *error* of a call means only that a value is not available.

    The result is whether the next call may succeed.

    Raises: GPULost, DriverError, or *error* if it is not from the driver.
    """
    if isinstance(error, nvml.NVMLError):
        _raise_if_lost(error)
        return may_pass(error)
    # The former is pynvml's own, not an NVMLError; the latter is a text of a damaged board.
    if not isinstance(error, (nvml.NVMLLibraryMismatchError, UnicodeDecodeError)):
        raise error
    return False


def may_pass(error: Any) -> bool:
    """Return whether the next call may succeed, although this one had an *error* of NVML."""
    return error.value not in LASTING


def fill_field_values(nvml: Any, handle: Any, array: Any) -> bool:
    """Let NVML fill an *array* of field values; return whether it did.

    pynvml's own function creates and fills a new array for each call, which takes longer than all
    other calls of a reading together.

    Raises: GPULost, DriverError.
    """
    try:
        call = nvml._nvmlGetFunctionPointer("nvmlDeviceGetFieldValues")
        if code := call(handle, len(array), array):
            raise nvml.NVMLError(code)
    except nvml.NVMLError as error:
        _raise_if_lost(error)
        return False
    return True


def _raise_if_lost(error: Any) -> None:
    """Raise DriverError or GPULost if the *error* of NVML means that."""
    if error.value == MISMATCH:
        raise LibraryReplaced(NO_RESPONSE.format(error=error)) from None
    if error.value in _DRIVER_ERRORS:
        raise DriverError(NO_RESPONSE.format(error=error)) from None
    if error.value in GPU_ERRORS:
        raise GPULost(str(error)) from None


def check_gpu(nvml: Any, handle: Any) -> None:
    """Query a value that every GPU has, to find out whether the GPU is lost.

    Raises: GPULost, DriverError.
    """
    try:
        nvml.nvmlDeviceGetPerformanceState(handle)
    except nvml.NVMLError as error:
        _raise_if_lost(error)
        if error.value in _CHECK_ERRORS:
            raise GPULost(str(error)) from None
