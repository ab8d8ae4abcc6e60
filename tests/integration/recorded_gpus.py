"""GPUs for recorded agents: one with NVLink, one for graphics, one with MIG."""

from ..nvml.driver import GPU, FakeDriver, Growing, Instance, Process, eight_gpus
from ..nvml.gpus import GIB
from ..nvml.hoppers import hopper

_PCIE_SENT, _PCIE_RECEIVED = 197, 198
_HEATED, _SLOWED = 0x20, 0x8 | 0x40  # clock event reasons: sw_thermal; hw_slowdown, hw_thermal
LINKS = 2


def driver(folder):
    """Return the driver of a node, with its files in *folder*."""
    linked, drawing, divided = eight_gpus(LINKS)[:3]
    _add_pcie_and_activity(linked)
    _add_fan_and_screen(drawing)
    _divide(divided)
    return FakeDriver(folder, [linked, drawing, divided])


def _add_pcie_and_activity(gpu: GPU) -> None:
    gpu.fields[_PCIE_SENT, 0] = Growing(10 * GIB)
    gpu.fields[_PCIE_RECEIVED, 0] = Growing(20 * GIB)
    gpu.answers["nvmlDeviceGetCurrPcieLinkWidth", 0] = 16
    gpu.activity = hopper(0).activity


def _add_fan_and_screen(gpu: GPU) -> None:
    gpu.answers["nvmlDeviceGetNumFans", 0] = 1
    gpu.answers["nvmlDeviceGetFanSpeed_v2", 0] = 45
    gpu.answers["nvmlDeviceGetCurrentClocksEventReasons", 0] = _SLOWED | _HEATED
    gpu.answers["nvmlDeviceGetUtilizationRates", 0] = 3
    gpu.drawing = [Process(4_100_000, GIB)]


def _divide(gpu: GPU) -> None:
    gpu.is_divided(
        Instance(1, 0, "MIG-1", "3g.20gb", 20 * GIB, 12 * GIB),
        Instance(7, 0, "MIG-2", "1g.5gb+me", 5 * GIB, GIB),
    )
    gpu.computing = [Process(4_190_000, 11 * GIB, 1, 0), Process(4_190_001, GIB, 7, 0)]
    gpu.instance_activity = {1: hopper(1).activity, 7: hopper(7).activity}


def add_errors(of: FakeDriver, is_lost: bool) -> None:
    """Add errors, which agents count from their first reading on, and optionally lose a GPU."""
    linked, drawing, _ = of.gpus
    linked.xids += [31, 31, 63]
    drawing.xids += [79] if is_lost else [13]
    if is_lost:
        drawing.loses_contact()
    of.write()
