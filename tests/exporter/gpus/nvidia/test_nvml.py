"""NVML: loading, opening, closing and reopening."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.driver import DriverError
from fructosa_exporter.gpus.nvidia.calls import NO_RESPONSE
from fructosa_exporter.gpus.nvidia.nvml import DRIVER_NOT_LOADED
from tests.exporter.gpus.node import ALL, without
from tests.integration.processes import BIN
from tests.nvml.driver import FakeDriver

ROOT = Path(__file__).parents[4]


def run(*command, **environment):
    """Run a command without any NVIDIA library except that in *environment*; return its output."""
    inherited = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
    done = subprocess.run(
        [str(word) for word in command],
        env=inherited | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == done.stderr
    return done.stdout


def lagent_sensors(name, **environment):
    """Return the state of a sensor "here" as printed by lagent."""
    output = run(BIN / "lagent", "sensors", name, **environment)
    return next(line for line in output.splitlines() if line.startswith("Here:")).split(None, 1)[1]


WITHOUT_LIBRARY = """
import sys
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors import SENSORS
for name, sensor in SENSORS.items():
    if name.startswith("GPU"):
        try:
            list(sensor().samples())
        except SensorUnavailable as reason:
            assert "libnvidia-ml.so.1" in str(reason), reason
        else:
            raise AssertionError(name)
of_gpus = ("ctypes", "pynvml", "amdsmi", "gpus.nvidia.gpu", "gpus.amd.gpu")
print([name for name in sys.modules if name.endswith(of_gpus)])
"""


def test_nothing_is_imported_without_the_library():
    """Neither pynvml nor the code that uses it."""
    if "libnvidia-ml.so.1" in Path("/etc/ld.so.cache").read_bytes().decode("latin-1"):
        pytest.skip("this machine has NVIDIA's driver")

    assert "[]\n" == run(sys.executable, "-c", WITHOUT_LIBRARY)


def test_lagent_sensors_prints_why_a_sensor_is_unavailable(tmp_path):
    """Without the library, and without the driver; otherwise it prints the number of samples."""
    driver = FakeDriver(tmp_path)
    assert "24 samples" in lagent_sensors("GPUPower", **driver.environment)

    driver.is_loaded = False
    driver.write()
    output = lagent_sensors("GPUPower", **driver.environment)
    assert DRIVER_NOT_LOADED in output

    if "libnvidia-ml.so.1" not in Path("/etc/ld.so.cache").read_bytes().decode("latin-1"):
        assert "libnvidia-ml.so.1 does not exist" in lagent_sensors("GPUPower")


UPGRADED = """
import sys
from fructosa_exporter.gpus.driver import Driver, DriverError
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.nvidia.nvml import NVML
from tests.exporter.gpus.node import Clock
from tests.exporter.machine import values
from fructosa_exporter.sensors import SENSORS
from tests.nvml.driver import FakeDriver

driver, clock = FakeDriver(sys.argv[1]), Clock()
info = SENSORS["GPUInfo"](read=AllVendors(Driver(NVML(), clock)))

def versions():
    found = values(info)
    return {key[6] for key in found if key[0] == "gpu_info"}, sum(
        value for key, value in found.items() if key[0] == "gpu_up"
    )

print(versions())
driver.version = "560.1"
driver.write()
print(versions())
driver.is_loaded = False
driver.write()
print(versions())
driver.is_loaded, driver.version = True, "570.1"
driver.write()
clock.now_s += 60
print(versions())
driver.version = "580.1"
driver.write()
print(versions())
"""


def test_the_new_library_is_loaded_at_once_after_an_upgrade_of_the_driver(tmp_path):
    """By the reading that finds the old one replaced, open or not: that would never work again."""
    output = run(sys.executable, "-c", UPGRADED, tmp_path, **FakeDriver(tmp_path).environment)

    each = ("550.54.15", "560.1", None, "570.1", "580.1")
    expected = [f"({{'{one}'}}, 8)" if one else "(set(), 0)" for one in each]
    assert expected == output.splitlines()


LIMITED = """
import resource, sys
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.nvidia.nvml import limit_open_files
from fructosa_exporter.sensors import SENSORS

limit_open_files.__defaults__ = (500,)  # raising limits above the real one needs permission
resource.setrlimit(resource.RLIMIT_NOFILE, tuple(map(int, sys.argv[1:])))
try:
    list(SENSORS["GPUPower"]().samples())
except SensorUnavailable:
    pass
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [((600, 700), "500 500"), ((200, 700), "200 500"), ((200, 300), "200 300")],
)
def test_limits_of_open_files_are_lowered_for_nvml(tmp_path, before, after):
    """It allocates memory for each file that the process may open, even a billion."""
    program = (sys.executable, "-c", LIMITED, *map(str, before))

    assert f"{after}\n" == run(*program, **FakeDriver(tmp_path).environment)
    if "libnvidia-ml.so.1" not in Path("/etc/ld.so.cache").read_bytes().decode("latin-1"):
        assert f"{before[0]} {before[1]}\n" == run(*program)


def test_a_gpu_that_recovers_is_up_within_a_minute(node):
    """The library is reopened once for it."""
    node.up()
    node.gpus[2].loses_contact()
    node.update_driver()
    node.up()
    node.gpus[2].fails.clear()
    node.update_driver()
    before = node.calls("nvmlInitWithFlags")

    node.advance(59)
    assert without("2") == node.up()
    assert before == node.calls("nvmlInitWithFlags")
    node.advance(1)
    assert without() == node.up()
    assert before + 1 == node.calls("nvmlInitWithFlags")
    assert ALL == node.powered()


def test_a_gpu_that_did_not_respond_at_opening_is_asked_again(node):
    """Within a minute, whichever sensors are read."""
    node.gpus[2].fails["*"] = 19
    node.update_driver()
    assert ["0", "1", "3", "4", "5", "6", "7"] == node.powered()
    node.gpus[2].fails.clear()
    node.update_driver()

    node.advance()

    assert ALL == node.powered()


def test_a_driver_that_is_unloaded_leaves_all_gpus_down(node):
    """Other sensors fail with the reason; once it is loaded again, all work within a minute."""
    node.up()
    node.update_driver(is_loaded=False)
    with pytest.raises(DriverError, match=NO_RESPONSE.format(error="Driver Not Loaded")):
        node.values("GPUPower")
    assert without(*ALL) == node.up()

    node.advance()
    assert without(*ALL) == node.up()
    with pytest.raises(DriverError, match=DRIVER_NOT_LOADED):
        node.values("GPUPower")

    node.update_driver(is_loaded=True)
    node.advance()
    assert without() == node.up()
    assert ALL == node.powered()


def test_sensors_are_unavailable_if_the_driver_is_not_loaded(node):
    """As on a node without GPUs in a cluster with one image."""
    node.update_driver(is_loaded=False)

    for name in ("GPUPower", "GPUInfo"):
        with pytest.raises(SensorUnavailable, match=f"^{DRIVER_NOT_LOADED}$"):
            node.values(name)


def test_gpus_without_a_driver_are_a_failure(node):
    """They are on the bus, but unusable."""
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
    node.update_driver(is_loaded=False)

    with pytest.raises(DriverError, match="not loaded, but 2 of its GPUs"):
        node.values("GPUPower")


def test_a_version_mismatch_has_advice(node):
    """The driver was upgraded, but its modules were not reloaded."""
    node.update_driver(is_mismatched=True)

    with pytest.raises(DriverError, match=r"different versions.*reload"):
        node.values("GPUPower")


def test_sensors_are_unavailable_without_gpus(node):
    """It is not an error."""
    node.gpus.clear()
    node.update_driver()

    with pytest.raises(SensorUnavailable, match="no GPU"):
        node.values("GPUPower")
