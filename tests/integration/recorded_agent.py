"""An agent on a node that has everything: InfiniBand, RAPL, Lustre, fans, two NUMA nodes, GPUs.

``python -m tests.integration.recorded_agent --host 127.0.1.3`` serves what lagent serves, by
lagent's own code. Its sensors read the recorded trees of tests/exporter, and plain values where
they ask psutil; those of GPUs ask whatever driver there is, which is a fake one in tests. What
every Linux has is read from the machine itself. Recorded counters stand still, so they are made to
grow: ``--pace 2`` lets them grow twice as fast.
"""

import argparse
import logging
import os
import re
import signal
import time
from dataclasses import replace
from zlib import crc32

from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.config import read_config
from fructosa_exporter.metrics import Family, Rows, Sample
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS, Agent
from fructosa_exporter.sensors.gpu.gpu_sensor import GPUSensor
from fructosa_exporter.serve import create_server
from fructosa_service.config.kinds import Endpoint

from ..exporter import machine

# Every Linux has all of their metrics, and shares and times of processors must fit together.
REAL = {"CPUPercent", "CPUTimes", "CPUTimesPercent", "CPUStats", "VirtualMemory", "BootTime"}
# Shorter than any scraper's interval: with the minute that some have, their rates would be zero.
_TIME_INTERVAL_S = 0.5

# What a busy node might count in a second, by the unit; and how many of what should not happen.
_A_SECOND = {"bytes": 25e6, "joules": 90.0, "seconds": 0.1, "": 40.0}
_FAULTS_A_SECOND = 1.5
_FAULT = re.compile(
    r"error|drop|discard|down|recover|retransmi|refresh|miss|foreign|overrun|xid|replay"
)

_GIB = 2**30
_READ = {
    "CPUCount": lambda *, logical: os.cpu_count() if logical else max(1, os.cpu_count() // 2),
    "CPUFreq": lambda: [
        machine.record(current=2000.0 + 50 * n, min=800.0, max=3000.0) for n in range(2)
    ],
    "DiskUsage": lambda path: machine.record(total=400 * _GIB, used=250 * _GIB, free=130 * _GIB),
    "SensorsTemperatures": lambda: {
        "coretemp": [machine.temperature(f"Core {n}", 48.0 + 3 * n, 80.0, 100.0) for n in range(4)]
    },
}


def options(name):
    """Return the options of a sensor: nothing that names people, and read at each scrape."""
    plain = machine.options(name, time_interval=_TIME_INTERVAL_S)
    if name == "GPUPcie":
        return replace(plain, rates=True)
    if name == "TextFile":
        return replace(plain, folder=machine.full(name).options.folder)
    return plain


def recorded(name):
    """Return the sensor *name*, on a machine that has everything."""
    more = {}
    if name == "DiskUsage":
        more["mounts"] = machine.FixedMounts(machine.partition("/dev/sda1", "/"))
    read = _READ.get(name, machine.full(name).read)
    return SENSORS[name](options(name), read=read, **more)


def growth(metric, labels):
    """Return how much a counter grows in a second; each series at a pace of its own."""
    name = metric.name.removeprefix("fructosa_")
    a_second = _FAULTS_A_SECOND if _FAULT.search(name) else _A_SECOND[metric.unit]
    return a_second * (0.7 + 0.6 * crc32("\n".join([name, *labels]).encode()) / 2**32)


class Growing(Sensor):
    """A sensor whose counters grow, though what it reads stands still."""

    def __init__(self, sensor, pace=1.0, clock=time.monotonic):
        super().__init__(sensor.options)
        self.name, self.metrics, self.rights = sensor.name, sensor.metrics, sensor.rights
        self._sensor, self._pace, self._clock = sensor, pace, clock
        self._began_s = clock()

    def samples(self):
        """Yield what the sensor does; counters with what they have grown by."""
        passed_s = (self._clock() - self._began_s) * self._pace
        for item in self._sensor.samples():
            if isinstance(item, Family):
                yield item
            elif isinstance(item, Rows):
                pairs = zip(item.keys, item.values, strict=True)
                yield Rows(item.keys, [_grown(*key, value, passed_s) for key, value in pairs])
            else:
                yield Sample(item.metric, item.labels, _grown(*item, passed_s))


def _grown(metric, labels, value, passed_s):
    if metric.type != "counter":
        return value
    grown = value + growth(metric, labels) * passed_s
    return round(grown, 6) if metric.unit in ("joules", "seconds") else int(grown)


def sensors(pace=1.0):
    """Return all sensors of the node, by name."""
    real = {name: SENSORS[name](options(name)) for name in SENSORS if name in REAL or _asks(name)}
    return {
        name: real[name] if name in REAL else Growing(real.get(name) or recorded(name), pace)
        for name in SENSORS
    }


def _asks(name):
    return issubclass(SENSORS[name], GPUSensor)


def main():
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=1.0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    readers = [SensorReader(sensor) for sensor in (Agent(), *sensors(arguments.pace).values())]
    server = create_server(read_config(None), readers, [Endpoint(arguments.host, arguments.port)])
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    logging.info("%d sensors are served on http://%s/metrics", len(readers), server.endpoints[0])
    server.serve_forever()


if __name__ == "__main__":
    main()
