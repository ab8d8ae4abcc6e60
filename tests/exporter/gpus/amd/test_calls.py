"""Results of AMD SMI of any shape."""

import math
from collections import defaultdict
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.gpus.amd.calls import number, number_16, numbers_16
from fructosa_exporter.gpus.amd.gpu import AmdGPU

from .fake_amdsmi import RESULTS, FakeAmdSmi
from .test_fake_amdsmi import keys
from .test_gpu import SENSORS

NAMES = sorted(set().union(*map(keys, RESULTS.values())))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
LISTED = st.lists(PLAIN, max_size=2)
ANY = PLAIN | LISTED | st.dictionaries(st.sampled_from(NAMES), PLAIN | LISTED)
SUBJECTS = [sensor.name.removeprefix("GPU").lower() for sensor in SENSORS]


@given(ANY | st.lists(ANY, max_size=2) | PLAIN.map(lambda one: dict.fromkeys(NAMES, one)))
def test_any_result_is_finite_or_absent(answer):
    """Each function returns the same value."""
    card = SimpleNamespace(results=defaultdict(lambda: lambda *_: answer))
    handle = SimpleNamespace(card=card)
    gpu = AmdGPU(FakeAmdSmi(card), handle, ("0", "uuid", "address"), lambda: True, lambda: 0.0)

    gpu.check()
    results = [getattr(gpu, subject)() for subject in SUBJECTS]

    for found in results:
        if all(isinstance(value, int | float) for value in found.values()):
            assert all(math.isfinite(value) and value >= 0 for value in found.values())
    assert isinstance(gpu.serial(), str | None)


@given(ANY)
def test_only_valid_numbers_are_numbers(value):
    """Neither a boolean, nor what is not finite, negative or the largest number of a type."""
    assert number(value) is None or (type(value) in (int, float) and 0 <= value < 2**64 - 1)
    assert number_16(value) in (None, number(value))


@given(st.lists(st.integers(0, 100) | st.just("N/A") | st.just(0xFFFF)))
def test_lists_are_flattened(values):
    """However deep they are."""
    expected = [one for one in values if one not in ("N/A", 0xFFFF)]

    assert expected == numbers_16(values) == numbers_16([[one] for one in values])
