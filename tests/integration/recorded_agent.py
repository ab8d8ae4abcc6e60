"""An agent on a node with all hardware: InfiniBand, RAPL, Lustre, fans, two NUMA nodes, GPUs.

``python -m tests.integration.recorded_agent --host 127.0.1.3`` serves a page with lagent's own
code. Its sensors read the recorded trees of tests/exporter, or fixed values instead of psutil. GPU
sensors use the installed driver, which is a fake one in tests. Metrics that every Linux has are
read from the machine itself. Recorded counters do not change, so this agent makes them grow;
``--pace 2`` makes them grow twice as fast.
"""

import argparse
import logging
import os
import re
import signal
import time
from dataclasses import replace
from zlib import crc32

from fructosa_exporter.cli import SERVED
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.config import read_config
from fructosa_exporter.metrics import Family, Rows, Sample
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS, Agent
from fructosa_exporter.sensors.gpu.gpu_sensor import GPUSensor
from fructosa_exporter.serve import create_server
from fructosa_service.config.kinds import Endpoint

from ..exporter import machine

# Every Linux has all of their metrics, and CPU times and percentages must be consistent.
REAL = {"CPUPercent", "CPUTimes", "CPUTimesPercent", "CPUStats", "VirtualMemory", "BootTime"}
# Shorter than the interval of any scraper. The default of some sensors is a minute, which would
# make rates zero.
_TIME_INTERVAL_S = 0.5

# The growth of a counter per second on a busy node, by unit; and that of counters of errors.
_GROWTH_PER_SECOND = {"bytes": 25e6, "joules": 90.0, "seconds": 0.1, "": 40.0}
_ERRORS_PER_SECOND = 1.5
_ERROR = re.compile(
    r"error|drop|discard|down|recover|retransmi|refresh|miss|foreign|overrun|xid|replay"
)

_GIB = 2**30
_READ = {
    "CPUCount": lambda *, logical: os.cpu_count() if logical else max(1, os.cpu_count() // 2),
    "DiskUsage": lambda path: machine.record(total=400 * _GIB, used=250 * _GIB, free=130 * _GIB),
}


def options(name):
    """Return the options of a sensor: no personal data, and read at each scrape."""
    plain = machine.options(name, time_interval=_TIME_INTERVAL_S)
    if name == "GPUPcie":
        return replace(plain, rates=True)
    if name == "TextFile":
        return replace(plain, folder=machine.full(name).options.folder)
    return plain


def recorded(name):
    """Return the sensor *name* on a machine with all hardware."""
    more = {}
    if name == "DiskUsage":
        more["mounts"] = machine.FixedMounts(machine.partition("/dev/sda1", "/"))
    read = _READ.get(name, machine.full(name).read)
    return SENSORS[name](options(name), read=read, **more)


def growth(metric, labels):
    """Return the growth of a counter per second, which differs for each series."""
    name = metric.name.removeprefix("fructosa_")
    a_second = _ERRORS_PER_SECOND if _ERROR.search(name) else _GROWTH_PER_SECOND[metric.unit]
    return a_second * (0.7 + 0.6 * crc32("\n".join([name, *labels]).encode()) / 2**32)


class Growing(Sensor):
    """A sensor whose counters grow, although its source does not change."""

    def __init__(self, sensor, pace=1.0, clock=time.monotonic):
        super().__init__(sensor.options)
        self.name, self.metrics, self.rights = sensor.name, sensor.metrics, sensor.rights
        self._sensor, self._pace, self._clock = sensor, pace, clock
        self._began_s = clock()

    def samples(self):
        """Yield the samples of the sensor; counters have grown."""
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
    """Return all sensors of the node by name."""
    real = {
        name: SENSORS[name](options(name))
        for name in SENSORS
        if name in REAL or _is_gpu_sensor(name)
    }
    return {
        name: real[name] if name in REAL else Growing(real.get(name) or recorded(name), pace)
        for name in SENSORS
    }


def _is_gpu_sensor(name):
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
    logging.info(SERVED, len(readers), f"http://{server.endpoints[0]}/metrics")
    server.serve_forever()


if __name__ == "__main__":
    main()
