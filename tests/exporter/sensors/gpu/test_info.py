"""Which GPUs there are, and which of them answer."""

from tests.exporter.gpus.node import ALL, without

from .driver_says import assert_told


def info(gpu):
    """What GPUInfo is to tell."""
    return {
        ("up",): 1,
        ("info", gpu.name, gpu.bus_id, "NVIDIA", "550.54.15", "12.4"): 1,
        ("mig_enabled",): 0,
    }


def test_a_serial_number_is_told_on_request_only(node):
    """It identifies the machine's owner."""
    series = ("serial_info", node.gpus[4].serial)

    assert 1 == node.of(4, "GPUInfo", serial=True)[series]
    assert series not in node.of(4, "GPUInfo")


def test_a_gpu_that_is_lost_does_not_hide_the_others(node):
    """It has up 0, at once and for all sensors."""
    assert ALL == node.powered()
    node.gpus[2].loses_contact()
    node.says()

    assert without("2")[0] == node.powered()
    assert without("2") == node.up()


def test_a_gpu_that_was_silent_from_the_start_is_down(node):
    """It never told its UUID."""
    node.gpus[2].loses_contact()
    node.says()

    told = node.values("GPUInfo")

    assert 0 == told["up", "2", "unknown"]
    assert without("2") == node.up()


def test_a_gpu_that_is_taken_out_stays_known(node):
    """It has up 0, also when there are fewer now."""
    node.up()
    taken = node.gpus.pop()
    node.says()
    node.later()
    node.up()

    told = node.values("GPUInfo")

    assert 0 == told["up", "7", taken.uuid]
    assert 7 == len(node.powered())


def test_cuda_visible_devices_does_not_matter(node, monkeypatch):
    """It is a matter of CUDA's."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")

    assert without() == node.up()


def test_all_that_gpuinfo_tells_is_what_the_driver_says(node):
    """In base units."""
    assert_told(node, "GPUInfo", info)
