"""GPUs of several vendors on one machine."""

from types import SimpleNamespace

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.amd.amd_smi import AMDSMI, NO_DRIVER
from fructosa_exporter.gpus.driver import Driver
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.gpu.errors import GPUErrors
from fructosa_exporter.sensors.gpu.power import GPUPower
from tests.exporter.gpus.amd.fake_amdsmi import UUIDS, AmdNode, card, raising
from tests.exporter.machine import values


@pytest.fixture
def node(tmp_path):
    """A node with two GPUs."""
    return AmdNode(tmp_path, *map(card, range(2)))


class OtherVendor(SimpleNamespace):
    """The library of another vendor, with one GPU or with a reason to be unavailable."""

    name = "another driver"
    absent = None

    def open(self):
        if self.absent:
            raise SensorUnavailable(self.absent)
        gpu = SimpleNamespace(index="0", uuid="of-another", check=lambda: None)
        gpu.power = lambda: {("draw",): 300.0}
        gpu.errors = dict
        return [gpu]

    def events(self, uuid):
        return {("xids",): 2}

    def close(self):
        """Do nothing."""


def test_gpus_of_two_vendors_are_exposed_together(node):
    """Both have a GPU 0 with distinct UUIDs."""
    machine = AllVendors(Driver(OtherVendor()), node.driver)

    power = values(GPUPower(read=machine))
    errors = values(GPUErrors(read=machine))

    assert 300 == power["gpu_power_watts", "0", "of-another"]
    assert 640 == power["gpu_power_watts", "0", UUIDS[0]]
    assert 2 == errors["gpu_xids_total", "0", "of-another"]
    assert 3 == errors["gpu_ecc_errors_total", "0", UUIDS[0], "corrected"]


def test_a_missing_driver_does_not_hide_the_other_vendor(node, tmp_path):
    """In either order; if both are missing, the message has both reasons."""
    none = Driver(AMDSMI(Kernel(tmp_path / "empty"), raising(AssertionError())))
    absent = Driver(OtherVendor(absent="another driver is not here"))

    assert (
        640
        == values(GPUPower(read=AllVendors(absent, node.driver)))["gpu_power_watts", "0", UUIDS[0]]
    )
    assert (
        300
        == values(GPUPower(read=AllVendors(Driver(OtherVendor()), none)))[
            "gpu_power_watts", "0", "of-another"
        ]
    )
    with pytest.raises(SensorUnavailable, match=f"^another driver is not here; {NO_DRIVER}$"):
        values(GPUPower(read=AllVendors(absent, none)))
