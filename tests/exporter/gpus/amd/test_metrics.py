"""The metrics of a GPU: one call for most values."""

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.sensors.gpu.info import GPUInfo
from fructosa_exporter.sensors.gpu.links import GPUNVLink
from fructosa_exporter.sensors.gpu.power import GPUClocks, GPUPower, GPUTemperature
from fructosa_exporter.sensors.gpu.usage import GPUUtilization
from tests.exporter.gpus.amd.fake_amdsmi import (
    AmdNode,
    AmdSmiLibraryException,
    Card,
    card,
)
from tests.exporter.machine import values

from .test_gpu import SENSORS


@pytest.fixture
def node(tmp_path):
    """A node with two GPUs."""
    return AmdNode(tmp_path, *map(card, range(2)))


def up(node):
    """Return whether GPUs are up, in order, one second later."""
    node.now_s += 1
    found = values(GPUInfo(read=AllVendors(node.driver)))
    return [value for (name, *_), value in found.items() if name == "gpu_up"]


def test_events_are_the_reasons_counted_since_the_previous_reading(node):
    """By counters of the firmware, from the second reading on."""
    sensor = GPUClocks(read=AllVendors(node.driver))
    values(sensor)
    node.smi.cards[0].set_metrics(socket_thm_residency_acc=51)
    node.now_s += 1

    found = values(sensor)

    expected = {"sw_power_cap": 0, "hw_thermal": 1, "hw_slowdown": 0, "regulator_thermal": 0}
    assert expected == {
        labels[-1]: value
        for (name, *labels), value in found.items()
        if name == "gpu_clocks_event" and labels[0] == "0"
    }


def test_metrics_are_cached_during_a_scrape(node):
    """The next scrape reads them again."""
    sensors = [
        sensor(read=AllVendors(node.driver)) for sensor in SENSORS if sensor is not GPUNVLink
    ]

    for _ in range(2):
        for sensor in sensors:
            values(sensor)
        node.now_s += 1

    assert 2 * 2 == node.smi.calls.count("amdsmi_get_gpu_metrics_info")


@pytest.mark.parametrize("width", [16, 32, 64])
def test_sentinels_within_results_have_no_samples(tmp_path, width):
    """Some versions pass on the largest number of the library's type."""

    def blank(answer):
        if isinstance(answer, dict):
            return {key: blank(value) for key, value in answer.items()}
        return [blank(one) for one in answer] if isinstance(answer, list) else 2**width - 1

    card = Card()
    metrics = card.results["amdsmi_get_gpu_metrics_info"]
    card.results["amdsmi_get_gpu_metrics_info"] = blank(metrics)
    card.results["amdsmi_get_temp_metric"] = lambda *_: 2**width - 1
    card.results["amdsmi_get_power_info"] = {"current_socket_power": 2**width - 1}
    node = AmdNode(tmp_path, card)

    for sensor in (GPUUtilization, GPUTemperature):
        with pytest.raises(SensorUnavailable):
            values(sensor(read=AllVendors(node.driver)))
    found = values(GPUPower(read=AllVendors(node.driver)))
    assert "gpu_power_watts" not in {name for name, *_ in found}


@pytest.mark.parametrize("code", [6, 7, 8, 12, 13, 20, 31, 42, 43, 52, 54, 2**32 - 2, 2**32 - 1])
def test_a_gpu_whose_metrics_can_no_longer_be_read_is_down(node, code):
    """Whatever status the library returns for the kernel's error."""
    up(node)
    node.smi.cards[1].results["amdsmi_get_gpu_metrics_info"] = AmdSmiLibraryException(code)

    assert [1, 0] == up(node)


@pytest.mark.parametrize("code", [2, 3, 7, 9, 10, 20, 30, 31, 40, 42, 43, 52])
def test_a_gpu_that_never_had_metrics_is_up(node, code):
    """Its library does not know them, or can't read them now."""
    node.smi.cards[1].results["amdsmi_get_gpu_metrics_info"] = AmdSmiLibraryException(code)

    assert [1, 1] == up(node)


@pytest.mark.parametrize("code", [2, 9, 10, 30])
def test_a_busy_or_inaccessible_gpu_is_up(node, code):
    """Another program has locked it for a moment, or it is being reset."""
    up(node)
    node.smi.cards[1].results["amdsmi_get_gpu_metrics_info"] = AmdSmiLibraryException(code)

    assert [1, 1] == up(node)
