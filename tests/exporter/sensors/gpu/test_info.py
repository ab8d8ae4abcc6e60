"""The sensor GPUInfo."""

from tests.exporter.gpus.node import ALL, without

from .expected import assert_exposed


def info(gpu):
    """Return the expected values of GPUInfo."""
    return {
        ("up",): 1,
        ("info", gpu.name, gpu.bus_id, "NVIDIA", "550.54.15", "12.4"): 1,
        ("minor_number",): gpu.answers["nvmlDeviceGetMinorNumber", 0],
        ("mig_enabled",): 0,
    }


def test_the_serial_number_is_exposed_only_with_the_option_serial(node):
    """It identifies the owner of the machine."""
    series = ("serial_info", node.gpus[4].serial)

    assert 1 == node.values_of(4, "GPUInfo", serial=True)[series]
    assert series not in node.values_of(4, "GPUInfo")


def test_a_minor_number_is_not_the_index(node):
    """The kernel counts device files in another order than NVML; without one, it is absent."""
    node.gpus[1].fails["nvmlDeviceGetMinorNumber"] = 3
    node.update_driver()

    numbers = [node.values_of(at, "GPUInfo").get(("minor_number",)) for at in range(8)]

    assert [2, None, 4, 1, 6, 3, 0, 5] == numbers


def test_a_gpu_that_is_lost_does_not_hide_the_others(node):
    """It is down at once, for all sensors."""
    assert ALL == node.powered()
    node.gpus[2].loses_contact()
    node.update_driver()

    assert without("2")[0] == node.powered()
    assert without("2") == node.up()


def test_a_gpu_that_never_responded_is_down(node):
    """Its UUID is unknown."""
    node.gpus[2].loses_contact()
    node.update_driver()

    found = node.values("GPUInfo")

    assert 0 == found["up", "2", "unknown"]
    assert without("2") == node.up()


def test_a_gpu_that_is_removed_is_down(node):
    """Even if there are fewer GPUs now."""
    node.up()
    taken = node.gpus.pop()
    node.update_driver()
    node.advance()
    node.up()

    found = node.values("GPUInfo")

    assert 0 == found["up", "7", taken.uuid]
    assert 7 == len(node.powered())


def test_cuda_visible_devices_has_no_effect(node, monkeypatch):
    """It applies only to CUDA."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")

    assert without() == node.up()


def test_gpuinfo_exposes_the_values_of_the_driver(node):
    """In base units."""
    assert_exposed(node, "GPUInfo", info)
