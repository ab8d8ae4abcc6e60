"""A node with the GPUs of the fake driver and a clock that a test advances."""

from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.driver import REOPEN_S, Driver
from fructosa_exporter.gpus.nvidia.nvml import NVML
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors import SENSORS
from tests.exporter.machine import options, values
from tests.nvml.driver import FakeDriver

ALL = list("01234567")
GPU_SENSORS = [name for name in SENSORS if name.startswith("GPU")]


def without(*lost):
    """Return the GPUs that are up and those that are down if these are *lost*."""
    return [[gpu for gpu in ALL if gpu not in lost], list(lost)]


class Clock:
    """A clock that a test sets."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


class Node:
    """Sensors with the real pynvml in this process; ``driver`` is the fake driver."""

    def __init__(self, folder, library):
        self.driver = FakeDriver(folder)
        self.gpus = self.driver.gpus
        self.clock = Clock()
        self._library = library
        # In an empty folder no GPU is on the bus. Limits of this process would affect other tests.
        self._nvidia = NVML(Kernel(folder), prepare=lambda: None, clock=self.clock)
        self.machine = AllVendors(Driver(self._nvidia, self.clock))

    def update_driver(self, **state):
        """Change the state of the fake driver, and write it."""
        for name, value in state.items():
            setattr(self.driver, name, value)
        self.driver.write()

    def advance(self, seconds=REOPEN_S):
        """Advance the clock, by default until the library may be opened again."""
        self.clock.now_s += seconds

    def sensor(self, name, **chosen):
        """Return the sensor *name* with the options *chosen*."""
        sensor = SENSORS[name](options(name, **chosen), read=self.machine)
        sensor.sleep = lambda seconds: None  # the fake driver always has a new sample
        return sensor

    def values(self, name, **chosen):
        """Return the values of the sensor *name* by metric without ``fructosa_gpu_`` and labels."""
        return self.read(self.sensor(name, **chosen))

    def read(self, sensor):
        """Return the values of *sensor* by metric without ``fructosa_gpu_`` and labels."""
        found = values(sensor)
        return {(key[0].removeprefix("gpu_"), *key[1:]): value for key, value in found.items()}

    def values_of(self, gpu, name, **chosen):
        """Return the values of one GPU, without the labels gpu and uuid."""
        mine = str(gpu), self.gpus[gpu].uuid
        found = self.values(name, **chosen)
        return {(key[0], *key[3:]): value for key, value in found.items() if key[1:3] == mine}

    def up(self):
        """Return the indices of the GPUs that are up, and of those that are down."""
        found = [(key[1], value) for key, value in self.values("GPUInfo").items() if key[0] == "up"]
        return [[gpu for gpu, value in found if value == state] for state in (1, 0)]

    def powered(self):
        """Return the indices of the GPUs with a power."""
        return [key[1] for key in self.values("GPUPower") if key[0] == "power_watts"]

    def xids(self, gpu):
        """Return the values of the Xids of a GPU."""
        found = self.values_of(gpu, "GPUErrors")
        return {key: value for key, value in found.items() if "xid" in key[0]}

    def calls(self, function):
        """Return how often the tests of this process have called *function*."""
        return self._library.fake_nvml_calls(function.encode())

    def close(self):
        """Close the library."""
        self._nvidia.close()
