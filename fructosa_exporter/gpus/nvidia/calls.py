"""Calls of NVML, and what errors mean: nothing to tell, a GPU that is lost, or the driver."""

from typing import Any

from fructosa_exporter.gpus.driver import DriverError, GPULost

# NVML_ERROR_* of nvml.h.
UNINITIALIZED, NOT_LOADED, TIMEOUT, LIBRARY_NOT_FOUND, IRQ_ISSUE = 1, 9, 10, 12, 11
LOST, RESET_REQUIRED, OPERATING_SYSTEM, MISMATCH, UNKNOWN = 15, 16, 17, 18, 999

_OF_DRIVER = {UNINITIALIZED, NOT_LOADED, MISMATCH}
OF_GPU = {LOST, RESET_REQUIRED}
# What some calls answer for a GPU that fell off its bus, and none does for one that is well.
_ILL = {TIMEOUT, IRQ_ISSUE, OPERATING_SYSTEM, UNKNOWN}


def query(nvml: Any, function: str, *arguments: Any) -> Any | None:
    """Return what a *function* of NVML answers; None where it has nothing to tell.

    That is an old pynvml or driver without the function, a GPU that does not support it, or a
    right that is missing.

    Raises: GPULost, DriverError.
    """
    call = getattr(nvml, function, None)
    if call is None:
        return None
    try:
        return call(*arguments)
    except Exception as error:  # noqa: BLE001 - told apart there
        raise_unless_missing(nvml, error)
        return None


def raise_unless_missing(nvml: Any, error: Exception) -> None:
    """Take an *error* of a call as a missing answer, where it is no more than that.

    Raises: GPULost, DriverError, or the error where it is none of the driver's.
    """
    if isinstance(error, nvml.NVMLError):
        _raise_if_lost(error)
    # pynvml's own, which is no NVMLError; a text of a board that is damaged
    elif not isinstance(error, (nvml.NVMLLibraryMismatchError, UnicodeDecodeError)):
        raise error


def fill_field_values(nvml: Any, handle: Any, array: Any) -> bool:
    """Have NVML put its answers into an *array* of field values; tell whether it did.

    pynvml's own function makes and fills the array anew at each call, which takes longer than all
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
    """Raise what an *error* of NVML means, if it is more than a missing answer."""
    if error.value in _OF_DRIVER:
        raise DriverError(f"NVML no longer answers: {error}") from None
    if error.value in OF_GPU:
        raise GPULost(str(error)) from None


def check_gpu(nvml: Any, handle: Any) -> None:
    """Ask a GPU for what each has; any error but a missing answer means that it is lost.

    Raises: GPULost, DriverError.
    """
    try:
        nvml.nvmlDeviceGetPerformanceState(handle)
    except nvml.NVMLError as error:
        _raise_if_lost(error)
        if error.value in _ILL:
            raise GPULost(str(error)) from None
