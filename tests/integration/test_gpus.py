"""A node with eight GPUs: the output of `lagent`, and promtool's check of its page."""

import os
import re
import subprocess

import pytest

from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.gpu.gpu_sensor import NOTHING_SUPPORTED, GPUSensor

from ..nvml.driver import FakeDriver, eight_hoppers
from .processes import BIN

GPU_SENSORS = [name for name, kind in SENSORS.items() if issubclass(kind, GPUSensor)]
# These are GPUs of servers, which have no fans.
UNAVAILABLE = {"GPUFans"}


@pytest.fixture(scope="module")
def lagent(tmp_path_factory):
    """A function that runs `lagent` on the node and returns its output."""
    driver = FakeDriver(tmp_path_factory.mktemp("driver"), eight_hoppers())

    def run(*arguments):
        command = [BIN / "lagent", *arguments]
        environment = os.environ | driver.environment
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout

    return run


def test_gpu_sensors_are_read_by_default(lagent):
    """Except the sensor of fans; the overview shows the reason."""
    output = lagent("sensors")

    found = set(re.findall(r"^(GPU\w+) +\* ", output, re.MULTILINE))
    assert set(GPU_SENSORS) - UNAVAILABLE == found
    assert f"GPUFans: {NOTHING_SUPPORTED}" in output


def test_promtool_accepts_a_page_with_eight_gpus(lagent, promtool):
    """It has more than a thousand samples, with the index and UUID of each GPU."""
    page = lagent("read", *GPU_SENSORS)

    assert (0, "") == promtool(page)
    assert {str(gpu) for gpu in range(8)} == set(re.findall(r'gpu="(\d+)"', page))
