"""A generated /proc of a node with 256 threads, for both exporters to read.

It is not a recording: no public one was found that has more than cpuinfo. It is generated from the
/proc of this machine. Lines of which there is one per processor are repeated to 256, each with
other numbers, which have as many digits as after 40 days of uptime. Disks and interfaces are those
of a compute node (2 NVMe disks with 3 partitions, Ethernet, InfiniBand). Everything else is copied.
The same kernel gives the same tree. advance() increases the processors' times: without that,
shares of CPU time would have nothing to be computed from.

    python -m benchmarks.exporter.tree FOLDER
"""

import random
import sys
from pathlib import Path

PROCESSORS = 256
_HZ = 100
_UPTIME_S = 40 * 24 * 3600
# How many numbers the line intr of /proc/stat has: x86 reserves 8 interrupts per processor and 17
# per pin of the I/O APICs, of which such a node has about 56, and prints zeros for unused ones.
_INTERRUPTS = 8 * PROCESSORS + 17 * 56
_USED_INTERRUPTS = 2 * PROCESSORS

# user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice
_SHARES = (0.72, 0.01, 0.05, 0.19, 0.01, 0.01, 0.01, 0, 0, 0)
_COPIED = (
    "cpuinfo",
    "filesystems",
    "meminfo",
    "net/netstat",
    "net/snmp",
    "net/snmp6",
    "net/sockstat",
    "net/sockstat6",
    "pressure/cpu",
    "pressure/io",
    "pressure/memory",
    "sys/fs/file-nr",
    "sys/kernel/random/entropy_avail",
    "sys/kernel/random/poolsize",
    "version",
    "vmstat",
)
_MOUNTS = """\
/dev/nvme0n1p2 / ext4 rw,relatime 0 0
/dev/nvme0n1p1 /boot/efi vfat rw,relatime 0 0
/dev/nvme1n1p1 /scratch xfs rw,relatime 0 0
"""
_DISKS = ("nvme0n1", "nvme0n1p1", "nvme0n1p2", "nvme1n1", "nvme1n1p1")
_INTERFACES = ("lo", "eth0", "eth1", "ib0")


class Tree:
    """The tree below *root*, generated from *proc*."""

    def __init__(self, root: Path, proc: Path = Path("/proc")) -> None:
        self.root = root
        rng = random.Random(PROCESSORS)  # noqa: S311 - not for security
        self._rest = _rest_of_stat((proc / "stat").read_text(), rng)
        self._processors = [
            [round(_UPTIME_S * _HZ * share * rng.uniform(0.8, 1.2)) for share in _SHARES]
            for _ in range(PROCESSORS)
        ]
        files = {
            name: proc.joinpath(name).read_text() for name in _COPIED if (proc / name).exists()
        }
        files |= {
            "loadavg": f"201.17 198.40 187.93 203/{9 * PROCESSORS} 3141592\n",
            "uptime": f"{_UPTIME_S}.25 {_UPTIME_S * PROCESSORS // 5}.75\n",
            "net/softnet_stat": _softnet(rng),
            "net/dev": _interfaces(rng),
            "diskstats": _disks(rng),
            "swaps": "Filename\tType\tSize\tUsed\tPriority\n",
            "mounts": _MOUNTS,
            "1/mounts": _MOUNTS,
            "self/mounts": _MOUNTS,
        }
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.advance()

    def advance(self) -> None:
        """Advance the times of the processors by one second."""
        for number, times in enumerate(self._processors):
            for mode, share in enumerate(_SHARES):
                times[mode] += round(_HZ * share * (1 + number % 7 / 20))
        lines = [("cpu ", [sum(times) for times in zip(*self._processors, strict=True)])]
        lines += [(f"cpu{number}", times) for number, times in enumerate(self._processors)]
        text = "".join(f"{name} {' '.join(map(str, times))}\n" for name, times in lines)
        (self.root / "stat.new").write_text(text + self._rest)
        (self.root / "stat.new").rename(self.root / "stat")


def _rest_of_stat(stat: str, rng: random.Random) -> str:
    """Return *stat*, a /proc/stat, without the processors and with the numbers of a large node."""
    lines = (line.partition(" ") for line in stat.splitlines() if not line.startswith("cpu"))
    rest = {key: values for key, _, values in lines}
    used = [rng.randrange(10**7) for _ in range(_USED_INTERRUPTS)]
    unused = [0] * (_INTERRUPTS - _USED_INTERRUPTS)
    rest |= {
        "intr": " ".join(map(str, [10**11 + sum(used), *used, *unused])),
        "ctxt": "1000000000007",
        "processes": "100000007",
        "procs_running": "203",
    }
    return "".join(f"{key} {values}\n" for key, values in rest.items())


def _softnet(rng: random.Random) -> str:
    lines = (
        f"{rng.randrange(2**32):08x} 00000000 {rng.randrange(2**16):08x} "
        + "00000000 " * 9
        + f"{number:08x}"
        for number in range(PROCESSORS)
    )
    return "\n".join(lines) + "\n"


def _interfaces(rng: random.Random) -> str:
    head = (
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast"
        "|bytes    packets errs drop fifo colls carrier compressed\n"
    )

    def counters() -> str:
        return f"{rng.randrange(10**14)} {rng.randrange(10**11)} 0 {rng.randrange(99)} 0 0 0 0"

    return head + "".join(f"{name:>6}: {counters()} {counters()}\n" for name in _INTERFACES)


def _disks(rng: random.Random) -> str:
    lines = []
    for minor, name in enumerate(_DISKS):
        numbers = [rng.randrange(10**9) for _ in range(17)]
        numbers[8] = 0  # I/Os in progress
        lines.append(f" 259 {minor:7} {name} {' '.join(map(str, numbers))}\n")
    return "".join(lines)


if __name__ == "__main__":
    Tree(Path(sys.argv[1]))
