"""Calls of NVML that return one number each."""

import pytest

from fructosa_exporter.gpus.driver import DriverError, GPULost
from fructosa_exporter.gpus.nvidia.numbers import NumberQuery, NumberValues

from .test_calls import NVMLError, nvml, raising

POWER = NumberQuery(("draw",), "getPower", lambda milliwatts: milliwatts / 1000)
CLOCK = NumberQuery(("clock", "sm"), "getClock", lambda clock: clock or None, (1,))


def test_each_function_is_called_with_its_arguments():
    """Its result is converted to base units."""
    library = nvml(getPower=lambda handle: 3000, getClock=lambda handle, kind: (handle, kind))

    values = NumberValues(library, "gpu", [POWER, CLOCK]).read()

    assert ((("draw",), ("clock", "sm")), [3.0, ("gpu", 1)]) == values


def test_a_function_that_pynvml_lacks_costs_only_its_number():
    """It is not looked up again."""
    assert ((("draw",),), [3.0]) == NumberValues(
        nvml(getPower=lambda _: 3000), "gpu", [CLOCK, POWER]
    ).read()


@pytest.mark.parametrize("clock", [lambda *_: 0, raising(NVMLError(3))])
def test_a_missing_number_is_left_out(clock):
    """It is a sentinel or not supported; the others stay."""
    library = nvml(getPower=lambda _: 3000, getClock=clock)

    assert ((("draw",),), [3.0]) == NumberValues(library, "gpu", [CLOCK, POWER]).read()


@pytest.mark.parametrize(("code", "error"), [(15, GPULost), (1, DriverError)])
def test_a_lost_gpu_or_driver_is_raised(code, error):
    """By any of the functions."""
    with pytest.raises(error):
        NumberValues(nvml(getPower=raising(NVMLError(code))), "gpu", [POWER]).read()
