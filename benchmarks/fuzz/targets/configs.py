"""Configuration files of both programs."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ClusterShell.NodeSet import RESOLVER_NOGROUP

from fructosa_bridge.config import settings as master
from fructosa_bridge.nodes import hosts
from fructosa_exporter import config as agent
from fructosa_service.errors import ConfigError

from ..target import ROOT, FuzzTarget, expect, repeated

_WORDS = (
    *(
        b"[lmaster]\n",
        b"[nodes:a]\nhosts = ",
        b"[Graphite]\n",
        b"[web]\n",
        b"[sensor:CPUPercent]\n",
    ),
    *(b"\n ", b"=", b":", b";", b" # ", b"[", b"]", b"n[1-9]", b"@slurm", b"\xef\xbb\xbf", b"\0"),
    *(b"interval = ", b"time_interval = ", b"1e999", b"999999999999", b"yes", b"prefix = a.b"),
    *(b'metrics keep = a*{b="c"}', b"label limit = 1", b"listen = [::1]:1", b"user = root"),
)


@cache
def _folder() -> TemporaryDirectory[str]:
    # A group of this machine may be a command, which an input must not run.
    hosts.machine_groups = lambda: RESOLVER_NOGROUP
    return TemporaryDirectory()


def _reader(read: Callable[[Path], object]) -> Callable[[bytes], object]:
    def read_data(data: bytes) -> object:
        path = Path(_folder().name) / "a.conf"
        path.write_bytes(data)
        return read(path)

    return read_data


def _promises(data: bytes, result: object) -> None:
    if isinstance(result, ConfigError):
        text = str(result).replace("\n", "")
        expect(text.isprintable(), "a message is printable")
        expect("a.conf" in text, "a message names the file")


def _master_seeds() -> Iterable[bytes]:
    example = (ROOT / "examples/lmaster.conf").read_bytes()
    yield example[:600]
    yield b"[nodes:a]\nhosts = n[1-3]\n  n5\ninterval = 5\n[Graphite]\nhost = c\n[slurm]\n[jobs]\n"
    yield b'[Nodes:b]\nhosts: x\nmetrics keep = a*, b{c="d"}\n[agents]\nssh user = me\n[logging]\n'


def _agent_seeds() -> Iterable[bytes]:
    yield b"[lagent]\nhost = ::1\nport = 0\n[sensor:DiskUsage]\ntime_interval = 5\n"
    yield b"[web]\nlisten = a:1, [::]:2\nmax requests = 5\nusers file = /a\n"
    yield b"[lagent]\nalso = SlurmJobs, Processes\n[logging]\nlevel = DEBUG\n"


# Each wrong line is a problem with its own message; the file is the administrator's.
_MEMORY = 800
_comments = repeated(lambda n: f"# a comment in line {n}\n")

TARGETS = (
    FuzzTarget(
        name="lmaster-conf",
        read=_reader(master.read_config),
        errors=(ConfigError,),
        promises=_promises,
        seeds=_master_seeds,
        words=_WORDS,
        honest=repeated(lambda n: f"[nodes:a{n}]\nhosts = n{n}\n"),
        most_memory=_MEMORY,
    ),
    FuzzTarget(
        name="lagent-conf",
        read=_reader(agent.read_config),
        errors=(ConfigError,),
        promises=_promises,
        seeds=_agent_seeds,
        words=_WORDS,
        honest=lambda size: b"[lagent]\n" + _comments(size),
        most_memory=_MEMORY,
    ),
)
