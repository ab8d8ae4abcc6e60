"""GPUs that are lost, drivers that go and come back, and the Xids that tell of it."""

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.driver import DriverError

ALL = list("01234567")


def without(*lost):
    """Return which GPUs are up, and which are not, when these are lost."""
    return [[gpu for gpu in ALL if gpu not in lost], list(lost)]


def powered(node):
    """Return the GPUs that tell their power."""
    return [key[1] for key in node.values("GPUPower") if key[0] == "power_watts"]


def xids(node, gpu):
    """Return what is told of the Xids of a GPU."""
    told = node.of(gpu, "GPUErrors")
    return {key: value for key, value in told.items() if "xid" in key[0]}


def test_a_gpu_that_is_lost_does_not_hide_the_others(node):
    """It has up 0, at once and for all sensors."""
    assert ALL == powered(node)
    node.gpus[2].loses_contact()
    node.says()

    assert without("2")[0] == powered(node)
    assert without("2") == node.up()


def test_the_only_gpu_tells_its_xids_also_when_it_is_lost(node):
    """It may be why it is: there is no other GPU that keeps the sensor going."""
    del node.gpus[1:]
    node.says()
    node.values("GPUErrors")

    node.gpus[0].xids.append(79)
    node.gpus[0].loses_contact()
    node.says()

    expected = {("xids_total",): 1, ("xid_errors_total", "79"): 1, ("last_xid",): 79}
    assert expected == xids(node, 0)


@pytest.mark.parametrize("code", [10, 11, 15, 16, 17, 999])
def test_up_knows_each_way_of_being_ill(node, code):
    """Some drivers answer for a lost GPU that they timed out, or that they don't know."""
    node.up()
    node.gpus[2].fails["*"] = code
    node.says()

    assert without("2") == node.up()


def test_a_gpu_that_was_silent_from_the_start_is_down(node):
    """It never told its UUID."""
    node.gpus[2].loses_contact()
    node.says()

    told = node.values("GPUInfo")

    assert 0 == told["up", "2", "unknown"]
    assert without("2") == node.up()


def test_a_gpu_that_comes_back_is_up_within_a_minute(node):
    """The library is opened again for it, and not more often."""
    node.up()
    node.gpus[2].loses_contact()
    node.says()
    node.up()
    node.gpus[2].fails.clear()
    node.says()
    before = node.calls("nvmlInitWithFlags")

    node.later(59)
    assert without("2") == node.up()
    assert before == node.calls("nvmlInitWithFlags")
    node.later(1)
    assert without() == node.up()
    assert before + 1 == node.calls("nvmlInitWithFlags")
    assert ALL == powered(node)


def test_a_driver_that_is_unloaded_leaves_all_gpus_down(node):
    """Other sensors fail, and say why; when it is back, all is well within a minute."""
    node.up()
    node.says(is_loaded=False)
    with pytest.raises(DriverError, match="NVML no longer answers"):
        node.values("GPUPower")
    assert without(*ALL) == node.up()

    node.later()
    assert without(*ALL) == node.up()
    with pytest.raises(DriverError, match="not loaded"):
        node.values("GPUPower")

    node.says(is_loaded=True)
    node.later()
    assert without() == node.up()
    assert ALL == powered(node)


def test_a_driver_that_is_not_loaded_is_no_failure(node):
    """As on a node without GPU in a cluster with one image."""
    node.says(is_loaded=False)

    for name in ("GPUPower", "GPUInfo"):
        with pytest.raises(SensorUnavailable, match=r"^NVIDIA's driver is installed, but not"):
            node.values(name)


def test_gpus_without_a_driver_are_a_failure(node):
    """They are on the bus, and nobody can use them."""
    for device, vendor, kind in (
        ("0000:10:00.0", "0x10de", "0x030200"),
        ("0000:11:00.0", "0x10de", "0x030200"),
        ("0000:12:00.0", "0x10de", "0x068000"),  # an NVSwitch
        ("0000:13:00.0", "0x8086", "0x030000"),
    ):
        folder = node.driver.folder / "sys/bus/pci/devices" / device
        folder.mkdir(parents=True)
        (folder / "vendor").write_text(vendor)
        (folder / "class").write_text(kind)
    node.says(is_loaded=False)

    with pytest.raises(DriverError, match="not loaded, but 2 of its GPUs are here"):
        node.values("GPUPower")


def test_a_mismatch_says_what_to_do(node):
    """The driver was upgraded, its modules not yet."""
    node.says(is_mismatched=True)

    with pytest.raises(DriverError, match=r"different versions.*must be loaded anew"):
        node.values("GPUPower")


def test_a_driver_without_gpus_is_no_failure(node):
    """There is nothing to tell."""
    node.gpus.clear()
    node.says()

    with pytest.raises(SensorUnavailable, match="no GPU"):
        node.values("GPUPower")


def test_a_gpu_that_is_taken_out_stays_known(node):
    """It has up 0, also when there are fewer now."""
    node.up()
    taken = node.gpus.pop()
    node.says()
    node.later()
    node.up()

    told = node.values("GPUInfo")

    assert 0 == told["up", "7", taken.uuid]
    assert 7 == len(powered(node))


def test_xids_are_counted_by_number(node):
    """From the first reading on; each once, and each of its GPU."""
    node.gpus[0].xids.append(31)
    node.says()
    assert {("xids_total",): 0} == xids(node, 0)

    node.gpus[0].xids += [48, 63, 48]
    node.gpus[1].xids.append(79)
    node.says()

    expected = {
        ("xids_total",): 3,
        ("xid_errors_total", "48"): 2,
        ("xid_errors_total", "63"): 1,
        ("last_xid",): 48,
    }
    assert expected == xids(node, 0)
    assert expected == xids(node, 0)
    assert {("xids_total",): 1, ("xid_errors_total", "79"): 1, ("last_xid",): 79} == xids(node, 1)


def test_a_lost_gpu_keeps_telling_its_xids(node):
    """The one of its loss before all, though it tells nothing else."""
    node.values("GPUErrors")
    node.gpus[2].xids.append(79)
    node.gpus[2].loses_contact()
    node.says()

    expected = {("xids_total",): 1, ("xid_errors_total", "79"): 1, ("last_xid",): 79}
    assert expected == node.of(2, "GPUErrors")
    node.later()
    assert expected == node.of(2, "GPUErrors")
    assert without("2") == node.up()


def test_no_xid_is_lost_when_the_library_is_opened_again(node):
    """What came before is taken before; what comes after is kept, whoever opened it."""
    node.values("GPUErrors")
    node.gpus[0].xids.append(48)
    node.gpus[2].loses_contact()
    node.says()
    node.up()
    node.later()
    node.up()
    node.gpus[0].xids.append(94)
    node.says()

    assert 2 == xids(node, 0)["xids_total",]
    assert 94 == xids(node, 0)["last_xid",]


def test_events_that_cannot_be_taken_now_are_taken_later(node):
    """As while a GPU of the set is lost."""
    node.values("GPUErrors")
    node.gpus[0].xids.append(48)
    node.says(fails={"nvmlEventSetWait_v2": 15})
    assert {("xids_total",): 0} == xids(node, 0)
    assert ("ecc_enabled",) in node.of(0, "GPUErrors")

    node.says(fails={})

    assert 1 == xids(node, 0)["xids_total",]


def test_a_gpu_without_events_tells_its_other_errors(node):
    """Events are not supported everywhere."""
    node.gpus[0].fails["nvmlDeviceRegisterEvents"] = 3
    node.says()

    assert {} == xids(node, 0)
    assert ("ecc_enabled",) in node.of(0, "GPUErrors")
    assert {("xids_total",): 0} == xids(node, 1)


def test_cuda_visible_devices_does_not_matter(node, monkeypatch):
    """It is a matter of CUDA's."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")

    assert without() == node.up()
