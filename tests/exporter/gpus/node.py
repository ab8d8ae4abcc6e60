"""A node whose GPUs are those of the fake driver; its clock stands until a test sets it."""

from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.driver import REOPEN_S, Driver
from fructosa_exporter.gpus.nvidia.library import NVML
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors import SENSORS
from tests.exporter.machine import options, values
from tests.nvml.driver import FakeDriver, tallies

ALL = list("01234567")
GPU_SENSORS = [name for name in SENSORS if name.startswith("GPU")]


def without(*lost):
    """Return which GPUs are up, and which are not, when these are lost."""
    return [[gpu for gpu in ALL if gpu not in lost], list(lost)]


class Clock:
    """A clock that stands until it is set."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


class Node:
    """Sensors over the real pynvml, in this process; ``driver`` is the fake one."""

    def __init__(self, folder, calls):
        self.driver = FakeDriver(folder)
        self.gpus = self.driver.gpus
        self.clock = Clock()
        self._calls = calls
        # No GPU is on the bus of an empty folder; limits of this process are other tests' too.
        self._nvidia = NVML(Kernel(folder), prepare=lambda: None)
        self.machine = AllVendors(Driver(self._nvidia, self.clock))

    def says(self, **state):
        """Change the state of the driver, and write it."""
        for name, value in state.items():
            setattr(self.driver, name, value)
        self.driver.write()

    def later(self, seconds=REOPEN_S):
        """Let time pass, by default until the library may be opened again."""
        self.clock.now_s += seconds

    def sensor(self, name, **chosen):
        """Return the sensor of that *name*, with the options that are *chosen*."""
        sensor = SENSORS[name](options(name, **chosen), read=self.machine)
        sensor.pause = lambda seconds: None  # this driver always has something new
        return sensor

    def values(self, name, **chosen):
        """Return what that sensor tells now: by metric without ``fructosa_gpu_``, and labels."""
        return self.told(self.sensor(name, **chosen))

    def told(self, sensor):
        """Return the same of a sensor that is read again and again."""
        told = values(sensor)
        return {(key[0].removeprefix("gpu_"), *key[1:]): value for key, value in told.items()}

    def of(self, gpu, name, **chosen):
        """Return what that sensor tells of one GPU, without the labels that all have."""
        mine = str(gpu), self.gpus[gpu].uuid
        told = self.values(name, **chosen)
        return {(key[0], *key[3:]): value for key, value in told.items() if key[1:3] == mine}

    def up(self):
        """Return the indices of GPUs that are up, and of those that are not."""
        told = [(key[1], value) for key, value in self.values("GPUInfo").items() if key[0] == "up"]
        return [[gpu for gpu, value in told if value == state] for state in (1, 0)]

    def powered(self):
        """Return the indices of GPUs that tell their power."""
        return [key[1] for key in self.values("GPUPower") if key[0] == "power_watts"]

    def xids(self, gpu):
        """Return what is told of the Xids of a GPU."""
        told = self.of(gpu, "GPUErrors")
        return {key: value for key, value in told.items() if "xid" in key[0]}

    def calls(self, function):
        """Return how often any test of this process has called that function."""
        return tallies(self._calls)[function].calls

    def close(self):
        """Close the library."""
        self._nvidia.close()
