"""CONTRIBUTING's example of a sensor is one."""

import re
import textwrap
from pathlib import Path

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor

from .recorded import unpack

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


def test_the_sensor_of_the_example_measures(tmp_path):
    """As a newcomer would write it, and test it with a recorded tree."""
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names = {"Sensor": Sensor, "gauge": gauge, "Kernel": Kernel}
    names["SensorUnavailable"] = SensorUnavailable
    exec(textwrap.dedent(code), names)  # noqa: S102 - our own text
    unpack("\n== /proc/sys/kernel/random/entropy_avail\n256\n", tmp_path)

    (sample,) = names["Entropy"](read=Kernel(tmp_path)).samples()

    assert ("fructosa_entropy_available_bits", 256) == (sample.metric.name, sample.value)
    assert names["Entropy"].summary() == "How much randomness the kernel holds ready."
    with pytest.raises(SensorUnavailable):
        list(names["Entropy"](read=Kernel(tmp_path / "gone")).samples())
