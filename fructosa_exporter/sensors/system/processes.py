"""Processes by state, open files, and the kernel's limits for both."""

from collections import Counter
from collections.abc import Iterator

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Sample, gauge
from fructosa_exporter.sensor import CalmSensorOptions, Sensor

# The letters of proc_pid_stat(5). They vary between kernels; any that is not here is "other".
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
# The value in file-nr if there is no limit: the largest number that the kernel can hold.
_NO_LIMIT = 2**63 - 1


class Processes(Sensor):
    """Processes by state, and the limits for processes and threads.

    Source: /proc/PID/stat of all processes, /proc/sys/kernel/{pid_max,threads-max}. A process
    has the state of its first thread. Threads use process ids too. If /proc hides the processes
    of other users, the sensor fails, because the counts would be too low. CPUStats exposes the
    number of processes created since boot, at almost no cost.
    """

    Options = CalmSensorOptions
    on_by_default = False
    cost = "15 us per process: 40 ms for the 2500 of a node with 256 CPUs, every 30 s by default"
    rights = "if /proc is mounted with hidepid=: root, or the group of gid= (see mount)"

    PROCESSES = gauge("fructosa_processes", "Processes in the state.", "state")
    LIMITS = {
        "pid_max": gauge(
            "fructosa_process_ids_limit",
            "Highest number of ids for processes and threads together.",
        ),
        "threads-max": gauge(
            "fructosa_process_threads_limit", "Highest number of threads that the kernel allows."
        ),
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
        """Return the number of processes in each state.

        Raises: PermissionError if the processes of other users are hidden.
        """
        pids = [name for name in self.read.names("/proc") if name.isdecimal()]
        if not pids:
            raise SensorUnavailable("there are no processes in /proc")
        # Process 1 belongs to root and always exists.
        if "1" not in pids:
            raise PermissionError("/proc hides the processes of other users")
        return Counter(filter(None, map(self._state, pids)))

    def _state(self, pid: str) -> str | None:
        """Return the state of a process; None if it has ended since the listing."""
        try:
            return process_state(self.read.content(f"/proc/{pid}/stat"))
        # ProcessLookupError if the process ends between opening and reading.
        except (FileNotFoundError, ProcessLookupError):
            return None


def process_state(stat: bytes) -> str | None:
    """Parse the content of a /proc/PID/stat; return the state, or None if there is none.

    The state follows the name in parentheses. A process can set its name to anything, including
    spaces, parentheses, line ends and invalid UTF-8.
    """
    _, name_end, rest = stat.rpartition(b")")
    letter = rest[1:2]
    if not name_end or not rest.startswith(b" ") or not letter.isalpha():
        return None
    return _STATES.get(letter, _OTHER)


class FileDescriptors(Sensor):
    """Open files of all processes together, their limit, and inodes in memory.

    Source: /proc/sys/fs/{file-nr,inode-nr}. An open file that several processes share counts once.
    The limit is absent if there is none, which is how systemd sets it. The kernel frees unused
    inodes when memory is short.
    """

    Options = CalmSensorOptions

    ALLOCATED = gauge("fructosa_file_descriptors_allocated", "Open files.")
    LIMIT = gauge(
        "fructosa_file_descriptors_limit", "Highest number of open files that the kernel allows."
    )
    INODES = gauge("fructosa_file_inodes_cached", "Inodes in memory.")
    UNUSED = gauge("fructosa_file_inodes_unused", "Inodes in memory that are not in use.")

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        files = self._numbers("file-nr")
        inodes = self._numbers("inode-nr")
        if not files and not inodes:
            raise SensorUnavailable("/proc/sys/fs has no counts of open files or inodes")
        if len(files) == 3:
            yield self.ALLOCATED.sample(files[0])
            if files[2] < _NO_LIMIT:
                yield self.LIMIT.sample(files[2])
        if len(inodes) == 2:
            yield self.INODES.sample(inodes[0])
            yield self.UNUSED.sample(inodes[1])

    def _numbers(self, file: str) -> list[int]:
        """Return the numbers in a file; an empty list if one of its words is not a number."""
        words = (self.read.word(f"/proc/sys/fs/{file}") or "").split()
        return list(map(int, words)) if all(map(_is_number, words)) else []


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= 20
