"""CONTRIBUTING's example of a sensor is one."""

import os
import re
import textwrap
from pathlib import Path

from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


def test_the_sensor_of_the_example_measures():
    """As a newcomer would write it, and test it with a fake."""
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names = {"Sensor": Sensor, "gauge": gauge, "os": os}
    exec(textwrap.dedent(code), names)  # noqa: S102 - our own text

    samples = list(names["LoadAverage"](read=lambda: (0.5, 1.0, 1.5)).samples())

    assert [("1", 0.5), ("5", 1.0), ("15", 1.5)] == [(one.labels[0], one.value) for one in samples]
    assert names["LoadAverage"].summary() == "How many processes want to run."
    assert len(list(names["LoadAverage"]().samples())) == 3
