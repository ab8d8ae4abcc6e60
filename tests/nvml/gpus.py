"""GPUs of the fake driver: the values that they report, which tests may change."""

from dataclasses import dataclass, field
from typing import NamedTuple

MIB, GIB = 2**20, 2**30
NO_INSTANCE = 0xFFFFFFFF


class Process(NamedTuple):
    """A process on a GPU, or on one of its instances."""

    pid: int
    used_bytes: int
    gpu_instance: int = NO_INSTANCE
    compute_instance: int = NO_INSTANCE


class Instance(NamedTuple):
    """A MIG instance of a GPU."""

    gpu_instance: int
    compute_instance: int
    uuid: str
    profile: str  # "1g.5gb"
    total_bytes: int
    used_bytes: int


class Growing(NamedTuple):
    """A counter that grows by *per_second* if ``grows`` of the driver is set."""

    value: int
    per_second: float = 0


@dataclass
class GPU:
    """A GPU. A value of None is not supported.

    ``answers`` has the results by function and place (an argument, or an index in a pair or
    struct). ``fields`` has field values by id and scope. ``fails``, ``delays_ms`` and ``hangs`` are
    by name of a function; "*" is all functions and "field" all field values. ``activity`` has the
    values of GPM by metric, in percent or MiB/s, and ``instance_activity`` the same by GPU
    instance. If both are empty, the GPU does not support GPM.
    """

    uuid: str
    name: str
    bus_id: str
    serial: str = ""
    answers: dict[tuple[str, int], int | Growing | None] = field(default_factory=dict)
    fields: dict[tuple[int, int], int | Growing | None] = field(default_factory=dict)
    fails: dict[str, int] = field(default_factory=dict)
    delays_ms: dict[str, int] = field(default_factory=dict)
    hangs: set[str] = field(default_factory=set)
    computing: list[Process] = field(default_factory=list)
    drawing: list[Process] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    xids: list[int] = field(default_factory=list)  # all since the start
    most_fields: int = 0  # limit of fields per call; 0 is no limit
    activity: dict[int, float | None] = field(default_factory=dict)
    instance_activity: dict[int, dict[int, float | None]] = field(default_factory=dict)

    def loses_contact(self) -> None:
        """Fall off the bus: each call for this GPU returns GPU_IS_LOST."""
        self.fails["*"] = 15

    def is_divided(self, *instances: Instance) -> None:
        """Enable MIG with these *instances*; the GPU then does not support utilization."""
        self.answers["nvmlDeviceGetMigMode", 0] = self.answers["nvmlDeviceGetMigMode", 1] = 1
        self.instances = list(instances)
        self.fails |= dict.fromkeys(_NOT_UNDER_MIG, 3)


_NOT_UNDER_MIG = (
    "nvmlDeviceGetUtilizationRates",
    "nvmlDeviceGetEncoderUtilization",
    "nvmlDeviceGetDecoderUtilization",
    "nvmlDeviceGetJpgUtilization",
    "nvmlDeviceGetOfaUtilization",
)

# The types (nvmlValueType_t) of field values that are not unsigned long long.
TYPES = {82: 1, 91: 1, 94: 1, 165: 1, 29: 1, 30: 1, 31: 1, 142: 1, 143: 1, 144: 1, 145: 1, 230: 1}


def eight_gpus(links: int = 12) -> list[GPU]:
    """Return eight GPUs like the A100; all their numbers differ."""
    return [gpu(index, links) for index in range(8)]


def gpu(index: int, links: int = 12) -> GPU:
    """Return a GPU like the A100 with all values it supports; each depends on *index*."""
    return GPU(
        uuid=f"GPU-{index:08x}-0000-4000-8000-000000000000",
        name="NVIDIA A100-SXM4-40GB",
        bus_id=f"00000000:{0x10 + index:02X}:00.0",
        serial=f"156010000000{index}",
        answers=_answers(index),
        fields=_fields(index) | _links(index, links),
        computing=[Process(4_000_000 + index, (1 + index) * GIB)],
    )


def _answers(index: int) -> dict[tuple[str, int], int | Growing | None]:
    """Return the results of functions. There are no fans, as in a server."""
    told: dict[str, tuple[int | Growing, ...]] = {
        "UtilizationRates": (90 + index, 40 + index),
        "EncoderUtilization": (10 + index, 167_000),
        "DecoderUtilization": (20 + index, 167_000),
        "JpgUtilization": (30 + index, 167_000),
        "OfaUtilization": (1 + index, 167_000),
        "MemoryInfo": (40 * GIB, (2 + index) * GIB, (600 + index) * MIB),
        "BAR1MemoryInfo": (64 * GIB, (3 + index) * MIB),
        "Temperature": (50 + index,),
        "TemperatureThreshold": (92 + index, 89 + index, 95 + index, 85 + index),
        "MarginTemperature": (35 - index,),
        "PowerUsage": (300_000 + 1_500 * index,),
        "EnforcedPowerLimit": (400_000 - 500 * index,),
        "TotalEnergyConsumption": (Growing(7_000_000 + index, 300_000),),
        "ClockInfo": (1_400 + index, 1_410 + index, 1_215 + index, 1_275 + index),
        "MaxClockInfo": (1_500 + index, 1_510 + index, 1_315 + index, 1_375 + index),
        "CurrentClocksEventReasons": (0x4 if index % 2 else 0x1,),
        "SupportedClocksEventReasons": (0x1FF,),
        "PerformanceState": (index % 3,),
        "NumFans": (0,),
        "CurrPcieLinkGeneration": (3 + index % 2,),
        "CurrPcieLinkWidth": (8 * (1 + index % 2),),
        "MaxPcieLinkGeneration": (4,),
        "MaxPcieLinkWidth": (16,),
        "PcieThroughput": (1_000 + index, 2_000 + index),
        "MinorNumber": ((5 * index + 2) % 8,),
        "EccMode": (1, 1),
        "MigMode": (0, 0),
    }
    return {
        (f"nvmlDeviceGet{function}", place): value
        for function, values in told.items()
        for place, value in enumerate(values)
    }


def _fields(index: int) -> dict[tuple[int, int], int | Growing | None]:
    """Return the field values except those of links; PCIe bytes are supported since Hopper."""
    values: dict[int, int | Growing | None] = {
        82: 60 + index,  # memory temperature
        94: Growing(index, 0.01),  # PCIe replays
    }
    for place, (field_id, per_second) in enumerate(_HELD, start=1):
        values[field_id] = Growing(place * 1_000_000_000 + index * 1_000_000, per_second)
    for place, field_id in enumerate((3, 4, 5, 6)):
        values[field_id] = Growing(100 * place + index, 0.1 if field_id in {3, 5} else 0)
    values |= {29: index, 30: 1 + index, 31: index % 2, 142: 2 + index, 143: 3 + index}
    values |= {144: index % 2, 145: int(index == 7), 230: index % 3}
    return {(field_id, 0): value for field_id, value in values.items()}


# Nanoseconds of clock throttling, by field; some of them grow.
_HELD = ((74, 2e8), (75, 1e7), (76, 0), (77, 0), (79, 0), (269, 1e7), (270, 0), (271, 0))


def _links(index: int, count: int) -> dict[tuple[int, int], int | Growing | None]:
    """Return the field values of *count* links; the last link of the last GPU is down."""
    values: dict[tuple[int, int], int | Growing | None] = {(91, 0): count}
    for link in range(count):
        is_up = not (index == 7 and link == count - 1)
        values[165, link] = int(is_up)
        values[138, link] = Growing(1_000_000 * (1 + index) + link, 1e6 * is_up)
        values[139, link] = Growing(2_000_000 * (1 + index) + link, 9e5 * is_up)
        values[161, link] = Growing(index + link, 0.1)
        values[162, link] = index
        values[163, link] = link
    return values
