"""A fake NVIDIA driver: a library, built once, and a state file with the values that it returns.

The real pynvml loads the library by its soname, in a process with ``environment``.
"""

import hashlib
import os
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.services import program

from .gpus import GPU, NO_INSTANCE, TYPES, Growing, Instance, Process, eight_gpus
from .hoppers import eight_hoppers

__all__ = [
    "GPU",
    "FakeDriver",
    "Growing",
    "Instance",
    "Process",
    "eight_gpus",
    "eight_hoppers",
    "library",
]

SONAME = "libnvidia-ml.so.1"
_HERE = Path(__file__).parent
_SOURCES = ("nvml.c", "gpm.c", "call.c", "state.c", "layout.c", "call.h", "state.h", "structs.h")
_FLAGS = ("-shared", "-fPIC", "-O2", "-pthread", "-Wall", "-Wextra", "-Werror")
# With -Bsymbolic the library uses its own "lock" and "state", even if the process has others.
_LINKED = (f"-Wl,-soname,{SONAME}", "-Wl,-Bsymbolic")
_TALLY = struct.Struct("=48sQQ")  # struct tally of call.c


@cache
def library() -> Path:
    """Return the path of the library; build it if its sources have changed.

    Without gcc, the test is skipped.
    """
    content = b"".join((_HERE / name).read_bytes() for name in _SOURCES)
    digest = hashlib.sha256(content + " ".join(_FLAGS + _LINKED).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), f"fructosa-fake-nvml-{os.getuid()}-{digest}")
    built = folder / SONAME
    if not built.exists():
        gcc = program("gcc", "gcc")
        folder.mkdir(exist_ok=True, mode=0o700)
        unnamed = folder / f"{SONAME}.{os.getpid()}"
        sources = [str(_HERE / name) for name in _SOURCES if name.endswith(".c")]
        command = [gcc, *_FLAGS, *_LINKED, "-o", str(unnamed), *sources]
        subprocess.run(command, check=True)
        unnamed.rename(built)
    return built


@dataclass
class Tally:
    """The number of calls of a function, and their total time."""

    calls: int
    seconds: float


def _tallies(file: Path) -> dict[str, Tally]:
    return {
        name.partition(b"\0")[0].decode(): Tally(calls, nanoseconds / 1e9)
        for name, calls, nanoseconds in _TALLY.iter_unpack(file.read_bytes())
        if calls
    }


@dataclass
class FakeDriver:
    """A driver with eight GPUs. Change its attributes, then call ``write()``.

    ``is_loaded`` is False if the kernel modules are not loaded. ``is_mismatched`` means that their
    version differs from that of the library. A change of ``version`` has the same effect for
    libraries that are already loaded. ``fails``, ``delays_ms`` and ``hangs`` are like those of a
    GPU, but for all GPUs and for functions of the whole library. With ``grows``, counters grow from
    the time when this object was created.
    """

    folder: Path
    gpus: list[GPU] = field(default_factory=eight_gpus)
    is_loaded: bool = True
    is_mismatched: bool = False
    version: str = "550.54.15"
    cuda_version: int = 12040
    grows: bool = False
    fails: dict[str, int] = field(default_factory=dict)
    delays_ms: dict[str, int] = field(default_factory=dict)
    hangs: set[str] = field(default_factory=set)
    began_s: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        self.folder = Path(self.folder)
        self.write()

    @property
    def state(self) -> Path:
        """The file that the library reads."""
        return self.folder / "nvml.state"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which a process finds the library and its state."""
        return {
            "LD_LIBRARY_PATH": str(library().parent),
            "FAKE_NVML_STATE": str(self.state),
            "FAKE_NVML_CALLS": str(self.folder / "nvml.calls"),
        }

    def write(self) -> None:
        """Write the state file, atomically; all later calls use it."""
        unnamed = self.state.with_suffix(".new")
        unnamed.write_text("\n".join(self._lines()) + "\n")
        unnamed.rename(self.state)

    def calls(self) -> dict[str, Tally]:
        """Return the calls of all processes that loaded the library with ``environment``."""
        return _tallies(self.folder / "nvml.calls")

    def _lines(self) -> Iterator[str]:
        yield f"loaded {int(self.is_loaded)}"
        yield f"mismatched {int(self.is_mismatched)}"
        yield f"version {self.version}"
        yield f"cuda {self.cuda_version}"
        yield f"origin {self.began_s:.6f}"
        yield from _rules(self)
        for gpu in self.gpus:
            yield "gpu"
            yield from _words(gpu)
            yield from _rules(gpu)
            yield from self._numbers(gpu)
            yield from _activity(NO_INSTANCE, gpu.activity)
            for instance, activity in gpu.instance_activity.items():
                yield from _activity(instance, activity)

    def _numbers(self, gpu: GPU) -> Iterator[str]:
        for (function, place), value in gpu.answers.items():
            if value is not None:
                yield f"answer {function} {place} {self._number(value)}"
        for (field_id, scope), value in gpu.fields.items():
            if value is not None:
                kind = TYPES.get(field_id, 3)
                yield f"field {field_id} {scope} {kind} {self._number(value)}"

    def _number(self, value: int | Growing) -> str:
        if isinstance(value, Growing):
            return f"{value.value} {value.per_second if self.grows else 0}"
        return f"{value} 0"


def _rules(of: GPU | FakeDriver) -> Iterator[str]:
    yield from (f"fail {function} {code}" for function, code in of.fails.items())
    yield from (f"delay {function} {ms}" for function, ms in of.delays_ms.items())
    yield from (f"hang {function}" for function in sorted(of.hangs))


def _activity(instance: int, told: dict[int, float | None]) -> Iterator[str]:
    yield from (f"activity {instance} {metric} {value!r}" for metric, value in told.items())


def _words(gpu: GPU) -> Iterator[str]:
    for name in ("uuid", "name", "bus_id", "serial"):
        yield f"{name} {getattr(gpu, name)}"
    yield f"most_fields {gpu.most_fields}"
    for instance in gpu.instances:
        gi, ci, uuid, profile, total, used = instance
        yield f"instance {gi} {ci} {total} {used} {uuid} {profile}"
    for is_graphics, processes in enumerate((gpu.computing, gpu.drawing)):
        for pid, used, gi, ci in processes:
            yield f"process {is_graphics} {pid} {used} {gi} {ci}"
    yield from (f"xid {xid}" for xid in gpu.xids)
