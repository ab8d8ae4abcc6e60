"""Calls of NVML, whose errors mean a missing value, a lost GPU, or a failed driver."""

from typing import Any

from fructosa_exporter.gpus.driver import DriverError, GPULost

NO_RESPONSE = "NVML no longer responds: {error}"

# NVML_ERROR_* of nvml.h.
UNINITIALIZED, NOT_LOADED, TIMEOUT, LIBRARY_NOT_FOUND, IRQ_ISSUE = 1, 9, 10, 12, 11
LOST, RESET_REQUIRED, OPERATING_SYSTEM, MISMATCH, UNKNOWN = 15, 16, 17, 18, 999

_DRIVER_ERRORS = {UNINITIALIZED, NOT_LOADED, MISMATCH}
GPU_ERRORS = {LOST, RESET_REQUIRED}
# Some calls return these for a GPU that fell off the bus, and none does for a healthy one.
_CHECK_ERRORS = {TIMEOUT, IRQ_ISSUE, OPERATING_SYSTEM, UNKNOWN}


def query(nvml: Any, function: str, *arguments: Any) -> Any | None:
    """Call a *function* of NVML; return None if the value is not available.

    The reason may be an old pynvml or driver without the function, a GPU that does not support it,
    or missing permission.

    Raises: GPULost, DriverError.
    """
    call = getattr(nvml, function, None)
    if call is None:
        return None
    try:
        return call(*arguments)
    except Exception as error:  # noqa: BLE001 - other errors are raised again
        raise_unless_missing(nvml, error)
        return None


def raise_unless_missing(nvml: Any, error: Exception) -> None:
    """Return if the *error* of a call means only that a value is not available.

    Raises: GPULost, DriverError, or *error* if it is not from the driver.
    """
    if isinstance(error, nvml.NVMLError):
        _raise_if_lost(error)
    # The former is pynvml's own, not an NVMLError; the latter is a text of a damaged board.
    elif not isinstance(error, (nvml.NVMLLibraryMismatchError, UnicodeDecodeError)):
        raise error


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
