"""Processes: how many there are, in which state; and what the kernel has room for."""

from collections import Counter
from collections.abc import Iterator

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Sample, gauge
from fructosa_exporter.sensor import CalmSensorOptions, Sensor

# The letters of proc_pid_stat(5). Some have come and gone with kernels; what is not here is other.
_STATES = {
    b"R": "running",
    b"S": "sleeping",
    b"D": "disk_sleep",
    b"T": "stopped",
    b"t": "tracing_stop",
    b"Z": "zombie",
    b"X": "dead",
    b"x": "dead",
    b"I": "idle",
    b"P": "parked",
}
_OTHER = "other"
# What file-nr shows where there is no limit: the largest number that the kernel can hold.
_NO_LIMIT = 2**63 - 1


class Processes(Sensor):
    """Processes by state, and how many processes and threads fit.

    Source: /proc/PID/stat of all processes, /proc/sys/kernel/{pid_max,threads-max}. How many
    were begun since boot is cheap to tell, and told by CPUStats.
    A process counts with the state of its first thread. Threads take process ids too. Where
    /proc hides the processes of others there is no reading, as it would be too low.
    """

    Options = CalmSensorOptions
    on_by_default = False
    cost = "15 us a process, so by default every 30 s: 40 ms for the 2500 of a node with 256 CPUs"
    rights = "to see all processes: root or the group of gid=, where /proc has hidepid= (see mount)"

    PROCESSES = gauge("fructosa_processes", "Processes in the state.", "state")
    LIMITS = {
        "pid_max": gauge(
            "fructosa_process_ids_limit", "Ids there are, for processes and threads together."
        ),
        "threads-max": gauge("fructosa_process_threads_limit", "Threads that the kernel allows."),
    }

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        states = self._states()
        for state in dict.fromkeys([*_STATES.values(), _OTHER]):
            yield self.PROCESSES.sample(states[state], state)
        for name, metric in self.LIMITS.items():
            limit = self.read.number(f"/proc/sys/kernel/{name}")
            if limit is not None and 0 < limit < _NO_LIMIT:
                yield metric.sample(limit)

    def _states(self) -> Counter[str]:
        """Return how many processes are in each state.

        Raises: PermissionError where the processes of others are hidden.
        """
        pids = [name for name in self.read.names("/proc") if name.isdecimal()]
        if not pids:
            raise SensorUnavailable("there are no processes in /proc")
        # The first process belongs to root and is always there.
        if "1" not in pids:
            raise PermissionError("/proc hides the processes of others")
        return Counter(filter(None, map(self._state, pids)))

    def _state(self, pid: str) -> str | None:
        """Return the state of a process; None when it has ended since the listing."""
        try:
            return state(self.read.content(f"/proc/{pid}/stat"))
        # The second where it ends between opening and reading.
        except (FileNotFoundError, ProcessLookupError):
            return None


def state(stat: bytes) -> str | None:
    """Return the state that the content of a /proc/PID/stat tells; None where it tells none.

    The name stands before it in parentheses. Whoever runs the process chooses it: it may hold
    spaces, parentheses, line ends and what is no UTF-8.
    """
    _, name_end, rest = stat.rpartition(b")")
    letter = rest[1:2]
    if not name_end or not rest.startswith(b" ") or not letter.isalpha():
        return None
    return _STATES.get(letter, _OTHER)


class FileDescriptors(Sensor):
    """Open files of all processes together, the limit to them, and inodes in memory.

    Source: /proc/sys/fs/{file-nr,inode-nr}. A file that processes share counts once. Without a
    limit, as systemd has it, none is told. Inodes that nobody uses are freed when memory is short.
    """

    Options = CalmSensorOptions

    ALLOCATED = gauge("fructosa_file_descriptors_allocated", "Open files.")
    LIMIT = gauge("fructosa_file_descriptors_limit", "Open files that the kernel allows.")
    INODES = gauge("fructosa_file_inodes_cached", "Inodes in memory.")
    UNUSED = gauge("fructosa_file_inodes_unused", "Inodes in memory that nobody uses.")

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        files = self._numbers("file-nr")
        inodes = self._numbers("inode-nr")
        if not files and not inodes:
            raise SensorUnavailable("the kernel counts no files in /proc/sys/fs")
        if len(files) == 3:
            yield self.ALLOCATED.sample(files[0])
            if files[2] < _NO_LIMIT:
                yield self.LIMIT.sample(files[2])
        if len(inodes) == 2:
            yield self.INODES.sample(inodes[0])
            yield self.UNUSED.sample(inodes[1])

    def _numbers(self, file: str) -> list[int]:
        """Return the numbers in a file; none where one of its words is no number."""
        words = (self.read.word(f"/proc/sys/fs/{file}") or "").split()
        return list(map(int, words)) if all(map(_is_number, words)) else []


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= 20
