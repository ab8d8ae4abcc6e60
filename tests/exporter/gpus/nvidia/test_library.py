"""What only a process of its own can show: what it loads, and what becomes of a library."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.processes import BIN
from tests.nvml.driver import FakeDriver

ROOT = Path(__file__).parents[4]


def ran(*command, **environment):
    """Return what a command says; it has no library of NVIDIA but that of its *environment*."""
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
    """Return what lagent says of a sensor "here"."""
    said = ran(BIN / "lagent", "sensors", name, **environment)
    return next(line for line in said.splitlines() if line.startswith("Here:")).split(None, 1)[1]


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


def test_a_node_without_library_pays_nothing():
    """Nothing of what asks GPUs is imported, be it others' or ours."""
    if "libnvidia-ml.so.1" in Path("/etc/ld.so.cache").read_bytes().decode("latin-1"):
        pytest.skip("this machine has NVIDIA's driver")

    assert "[]\n" == ran(sys.executable, "-c", WITHOUT_LIBRARY)


def test_lagent_sensors_says_why_there_is_none(tmp_path):
    """No library, or one without its driver; and how many samples there are otherwise."""
    driver = FakeDriver(tmp_path)
    assert "24 samples" in lagent_sensors("GPUPower", **driver.environment)

    driver.is_loaded = False
    driver.write()
    said = lagent_sensors("GPUPower", **driver.environment)
    assert "not loaded" in said

    if "libnvidia-ml.so.1" not in Path("/etc/ld.so.cache").read_bytes().decode("latin-1"):
        assert "there is no libnvidia-ml.so.1" in lagent_sensors("GPUPower")


UPGRADED = """
import sys
from fructosa_exporter.gpus.driver import Driver, DriverError
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.nvidia.library import NVML
from tests.exporter.gpus.node import Clock
from tests.exporter.machine import values
from fructosa_exporter.sensors import SENSORS
from tests.nvml.driver import FakeDriver

driver, clock = FakeDriver(sys.argv[1]), Clock()
info = SENSORS["GPUInfo"](read=AllVendors(Driver(NVML(), clock)))

def versions():
    told = values(info)
    return {key[6] for key in told if key[0] == "gpu_info"}, sum(
        value for key, value in told.items() if key[0] == "gpu_up"
    )

print(versions())
driver.version = "560.1"
driver.write()
clock.now_s += 60
print(versions())
print(versions())
clock.now_s += 60
print(versions())
"""


def test_after_an_upgrade_of_the_driver_its_new_library_is_loaded(tmp_path):
    """The old one is let go: it would never fit again."""
    said = ran(sys.executable, "-c", UPGRADED, tmp_path, **FakeDriver(tmp_path).environment)

    first, *between, last = said.splitlines()
    assert "({'550.54.15'}, 8)" == first
    assert "({'560.1'}, 8)" == last
    assert {"(set(), 0)"} == set(between)


LIMITED = """
import resource, sys
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.nvidia.library import limit_open_files
from fructosa_exporter.sensors import SENSORS

limit_open_files.__defaults__ = (500,)  # not everybody may raise limits above the real one
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
def test_nvml_is_not_asked_with_limits_that_cost_memory(tmp_path, before, after):
    """It reserves some for each file that the process may open, be it a billion."""
    program = (sys.executable, "-c", LIMITED, *map(str, before))

    assert f"{after}\n" == ran(*program, **FakeDriver(tmp_path).environment)
    if "libnvidia-ml.so.1" not in Path("/etc/ld.so.cache").read_bytes().decode("latin-1"):
        assert f"{before[0]} {before[1]}\n" == ran(*program)
