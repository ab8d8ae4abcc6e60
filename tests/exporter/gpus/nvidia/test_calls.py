"""Calls of NVML and their errors."""

import ctypes
from types import SimpleNamespace

import pytest

from fructosa_exporter.gpus.driver import DriverError, GPULost
from fructosa_exporter.gpus.nvidia.calls import (
    NO_RESPONSE,
    fill_field_values,
    query,
    raise_unless_missing,
)
from tests.exporter.gpus.node import without


class NVMLError(Exception):
    """An error of NVML, by its code."""

    def __init__(self, value):
        super().__init__(f"error {value}")
        self.value = value


class Mismatch(Exception):
    """An error of pynvml, which is not an NVMLError."""


def nvml(**functions):
    """Return a fake library with these *functions*."""
    return SimpleNamespace(NVMLError=NVMLError, NVMLLibraryMismatchError=Mismatch, **functions)


def raising(error):
    """Return a function that raises an *error*."""

    def call(*_):
        raise error

    return call


def test_a_query_returns_the_result_of_the_function():
    """It passes the arguments on."""
    assert ("gpu", 1) == query(nvml(get=lambda *asked: asked), "get", "gpu", 1)


@pytest.mark.parametrize(
    "library",
    [
        nvml(),
        nvml(get=raising(NVMLError(3))),
        nvml(get=raising(NVMLError(4))),
        nvml(get=raising(Mismatch())),
        nvml(get=raising(UnicodeDecodeError("utf-8", b"", 0, 1, "damaged"))),
    ],
)
def test_a_missing_value_is_none(library):
    """A function that pynvml lacks, no support, no permission, an old driver, a damaged text."""
    assert query(library, "get", "gpu") is None


@pytest.mark.parametrize(
    ("code", "error", "text"),
    [
        (15, GPULost, "error 15"),
        (16, GPULost, "error 16"),
        (1, DriverError, NO_RESPONSE.format(error="error 1")),
        (9, DriverError, NO_RESPONSE.format(error="error 9")),
        (18, DriverError, NO_RESPONSE.format(error="error 18")),
    ],
)
def test_a_lost_gpu_or_driver_is_raised(code, error, text):
    """It is more than a missing value."""
    with pytest.raises(error, match=f"^{text}$"):
        query(nvml(get=raising(NVMLError(code))), "get", "gpu")


def test_other_exceptions_are_raised():
    """They are not from the driver."""
    with pytest.raises(ZeroDivisionError):
        raise_unless_missing(nvml(), ZeroDivisionError())


@pytest.mark.parametrize(("code", "expected"), [(0, True), (3, False)])
def test_an_array_of_field_values_is_filled_in_place(code, expected):
    """By the function of the library itself, which may not exist."""
    array = (ctypes.c_int * 2)()

    def fill(handle, count, values):
        values[0], values[1] = handle, count
        return code

    library = nvml(_nvmlGetFunctionPointer=lambda name: fill)

    assert expected is fill_field_values(library, 7, array)
    assert [7, 2] == list(array)
    assert not fill_field_values(nvml(_nvmlGetFunctionPointer=raising(NVMLError(13))), 7, array)


@pytest.mark.parametrize("code", [10, 11, 15, 16, 17, 999])
def test_each_error_of_a_lost_gpu_means_down(node, code):
    """Some drivers return a timeout or an unknown error for it."""
    node.up()
    node.gpus[2].fails["*"] = code
    node.update_driver()

    assert without("2") == node.up()
