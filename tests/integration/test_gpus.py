"""A node with eight GPUs: what `lagent` says of them at a terminal, and promtool of its page."""

import os
import re
import subprocess

import pytest

from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.gpu.gpu_sensor import GPUSensor

from ..nvml.driver import FakeDriver, eight_hoppers
from .processes import BIN

GPU_SENSORS = [name for name, kind in SENSORS.items() if issubclass(kind, GPUSensor)]
# These eight are of servers: without fans.
NOT_HERE = {"GPUFans"}


@pytest.fixture(scope="module")
def lagent(tmp_path_factory):
    """A function that runs `lagent` on the node, and returns what it printed."""
    driver = FakeDriver(tmp_path_factory.mktemp("driver"), eight_hoppers())

    def run(*arguments):
        command = [BIN / "lagent", *arguments]
        environment = os.environ | driver.environment
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout

    return run


def test_the_sensors_of_gpus_are_read_without_being_configured(lagent):
    """Each but that of fans, for which the overview has the reason."""
    said = lagent("sensors")

    found = set(re.findall(r"^(GPU\w+) +\* ", said, re.MULTILINE))
    assert set(GPU_SENSORS) - NOT_HERE == found
    assert "GPUFans: no GPU of this node supports any of these metrics" in said


def test_promtool_finds_nothing_to_say_about_a_page_of_eight_gpus(lagent, promtool):
    """More than a thousand samples, each GPU with its index and its UUID."""
    page = lagent("read", *GPU_SENSORS)

    assert (0, "") == promtool(page)
    assert {str(gpu) for gpu in range(8)} == set(re.findall(r'gpu="(\d+)"', page))
