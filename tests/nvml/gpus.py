"""GPUs of the fake driver: what each of them says, as plain values that tests change."""

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
    """What MIG has made of a part of a GPU."""

    gpu_instance: int
    compute_instance: int
    uuid: str
    profile: str  # "1g.5gb"
    total_bytes: int
    used_bytes: int


class Growing(NamedTuple):
    """A counter, and what it gains in a second while the driver's ``grows`` is on."""

    value: int
    per_second: float = 0


@dataclass
class GPU:
    """A GPU. None stands for what it does not support.

    ``answers`` are numbers by function and place (an argument, or the place in a pair or struct);
    ``fields`` are field values by id and scope; ``fails``, ``delays_ms`` and ``hangs`` are of
    functions by name, "*" being all of them, and "field" each field value. ``activity`` is what
    GPM tells, by metric: percent, or MiB/s; ``instance_activity`` the same by GPU instance. A GPU
    for which both are empty does not support GPM.
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
    xids: list[int] = field(default_factory=list)  # all that there ever were
    most_fields: int = 0  # that it takes in one call; 0 for any number
    activity: dict[int, float | None] = field(default_factory=dict)
    instance_activity: dict[int, dict[int, float | None]] = field(default_factory=dict)

    def loses_contact(self) -> None:
        """Fall off the bus: each call for this GPU says so."""
        self.fails["*"] = 15

    def is_divided(self, *instances: Instance) -> None:
        """Turn MIG on, with these *instances*: the GPU tells no utilisation from then on."""
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

# The types of field values, where they are not unsigned long long: nvmlValueType_t.
TYPES = {82: 1, 91: 1, 94: 1, 165: 1, 29: 1, 30: 1, 31: 1, 142: 1, 143: 1, 144: 1, 145: 1, 230: 1}


def eight_gpus(links: int = 12) -> list[GPU]:
    """Return eight GPUs like A100; no two say the same, nor two numbers of one GPU."""
    return [gpu(index, links) for index in range(8)]


def gpu(index: int, links: int = 12) -> GPU:
    """Return a GPU like an A100 with all that one can tell; each number depends on *index*."""
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
    """Return what functions answer; fans are none, as in a server."""
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
        "EccMode": (1, 1),
        "MigMode": (0, 0),
    }
    return {
        (f"nvmlDeviceGet{function}", place): value
        for function, values in told.items()
        for place, value in enumerate(values)
    }


def _fields(index: int) -> dict[tuple[int, int], int | Growing | None]:
    """Return field values that are not of links; no GPU tells PCIe's bytes before Hopper."""
    values: dict[int, int | Growing | None] = {
        82: 60 + index,  # memory's temperature
        94: Growing(index, 0.01),  # PCIe replays
    }
    for place, (field_id, per_second) in enumerate(_HELD, start=1):
        values[field_id] = Growing(place * 1_000_000_000 + index * 1_000_000, per_second)
    for place, field_id in enumerate((3, 4, 5, 6)):
        values[field_id] = Growing(100 * place + index, 0.1 if field_id in {3, 5} else 0)
    values |= {29: index, 30: 1 + index, 31: index % 2, 142: 2 + index, 143: 3 + index}
    values |= {144: index % 2, 145: int(index == 7), 230: index % 3}
    return {(field_id, 0): value for field_id, value in values.items()}


# Nanoseconds in which clocks were held back, by field; some of them grow.
_HELD = ((74, 2e8), (75, 1e7), (76, 0), (77, 0), (79, 0), (269, 1e7), (270, 0), (271, 0))


def _links(index: int, count: int) -> dict[tuple[int, int], int | Growing | None]:
    """Return field values of *count* links; the last one of the last GPU is down."""
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
