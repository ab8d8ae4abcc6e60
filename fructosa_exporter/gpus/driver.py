"""A driver's library: when it is opened and reopened, and which GPUs it has and has lost."""

import time
from collections.abc import Callable
from math import inf
from typing import Generic, Protocol, TypeVar

from fructosa_exporter.errors import SensorUnavailable

from .driver_lock import DriverLock
from .quantities import QuantityValues

# Opening may take seconds and blocks other users of the driver, so wait at least this long.
REOPEN_S = 60.0
UNKNOWN = "unknown"  # the UUID of a GPU that never responded

Labels = tuple[str, str]


class DriverError(Exception):
    """The driver failed as a whole; the text contains the reason."""


class LibraryReplaced(DriverError):
    """The driver was upgraded: the library in this process belongs to the old one."""


class GPULost(Exception):
    """A GPU no longer responds; the others do."""


class GPU(Protocol):
    """A GPU that responds."""

    index: str
    uuid: str

    def check(self) -> None:
        """Check that the GPU still responds. Raises: GPULost."""


A = TypeVar("A")
G = TypeVar("G", bound=GPU)


class Library(Protocol[G]):
    """The interface to a vendor's library."""

    name: str

    def open(self) -> list[G | str]:
        """Open the library; return its GPUs, or the index of a GPU that does not respond.

        Raises: SensorUnavailable if the driver is not installed, DriverError if it fails.
        """

    def count(self) -> int:
        """Return the current number of GPUs. Raises: DriverError."""

    def events(self, uuid: str) -> QuantityValues:
        """Return the counts of errors that the driver has reported for a GPU."""

    def close(self) -> None:
        """Close the library, whatever its state."""


class Driver(Generic[G]):
    """The GPUs of one vendor.

    After a failure the library is reopened, at most once a minute; at once if it was replaced.
    """

    def __init__(self, library: Library[G], clock: Callable[[], float] = time.monotonic) -> None:
        self._library, self._clock = library, clock
        self._lock = DriverLock(clock)
        self._gpus: list[tuple[Labels, G]] = []
        self._lost: set[Labels] = set()
        self._known: set[Labels] = set()
        self._opened_s: float | None = None  # of the last attempt
        self._replaced_s = -inf  # when it was last reopened at once
        self._failure: SensorUnavailable | DriverError | None = None
        self._is_outdated = False  # a GPU was missing, or their number has changed

    def query_each(self, name: str, query: Callable[[G], A]) -> list[tuple[Labels, A]]:
        """Return the result of *query* for each GPU that is not lost; *name* is the sensor's.

        Raises: SensorUnavailable if the driver is not installed, DriverError if it failed,
        DriverHangs while it hangs in another sensor.
        """
        return self._locked(name, lambda: self._results(query))

    def up(self, name: str) -> list[tuple[Labels, bool]]:
        """Return whether each known GPU responds now.

        Raises: SensorUnavailable if the driver is not installed; DriverError, but only while no
        GPU is known; DriverHangs.
        """
        try:
            responding = self._locked(name, self._responding)
        except DriverError:
            if not self._known:
                raise
            responding = set()
        return [(labels, labels in responding) for labels in sorted(self._known, key=_order)]

    def events(self, name: str) -> list[tuple[Labels, QuantityValues]]:
        """Return the errors that the driver has reported for each known GPU, even if it is lost.

        Raises: as ``query_each``.
        """
        return self._locked(
            name,
            lambda: [(labels, self._library.events(labels[1])) for labels in sorted(self._known)],
        )

    def _results(self, query: Callable[[G], A]) -> list[tuple[Labels, A]]:
        results = []
        for labels, gpu in self._gpus:
            if labels in self._lost:
                continue
            try:
                results.append((labels, query(gpu)))
            except GPULost:
                self._lost.add(labels)
        return results

    def _responding(self) -> set[Labels]:
        """Return the GPUs that respond; note whether their number has changed."""
        responding = {labels for labels, _ in self._results(lambda gpu: gpu.check())}
        self._is_outdated = self._library.count() != len(self._gpus)
        return responding

    def _locked(self, name: str, work: Callable[[], A]) -> A:
        """Return the result of *work*, with the lock held and the library open.

        Close the library if *work* raises a DriverError.
        """
        with self._lock.held_by(name):
            try:
                return self._opened(work)
            except LibraryReplaced:
                if self._clock() - self._replaced_s < REOPEN_S:
                    raise
                self._opened_s = None
                return self._opened(work)

    def _opened(self, work: Callable[[], A]) -> A:
        self._open_if_due()
        try:
            return work()
        except DriverError as error:
            self._close()
            self._failure = error
            raise

    def _open_if_due(self) -> None:
        is_due = self._opened_s is None or self._clock() - self._opened_s >= REOPEN_S
        is_healthy = self._gpus and not self._lost and not self._is_outdated
        if is_due and not is_healthy:
            if isinstance(self._failure, LibraryReplaced):
                self._replaced_s = self._clock()
            self._close()
            self._open()
        if self._failure:
            raise self._failure

    def _open(self) -> None:
        self._opened_s = self._clock()
        try:
            gpus = self._library.open()
        except (SensorUnavailable, DriverError) as error:
            self._failure = DriverError(str(error)) if self._known else error
            return
        self._gpus = [((gpu.index, gpu.uuid), gpu) for gpu in gpus if not isinstance(gpu, str)]
        present = {labels for labels, _ in self._gpus}
        unresponsive = [index for index in gpus if isinstance(index, str)]
        self._known = known_gpus(self._known, present, unresponsive)
        self._is_outdated = bool(unresponsive)
        if not self._known:
            self._failure = SensorUnavailable(f"{self._library.name} found no GPU on this node")

    def _close(self) -> None:
        self._library.close()
        self._gpus, self._lost, self._failure = [], set(), None
        self._is_outdated = False


def known_gpus(before: set[Labels], present: set[Labels], unresponsive: list[str]) -> set[Labels]:
    """Return all known GPUs: those known *before*, those *present* and *unresponsive* ones.

    The UUID of a GPU never changes. Its index may change if the machine boots with another number
    of GPUs.
    """
    uuids = {uuid for _, uuid in present}
    gone = {labels for labels in before if labels[1] not in uuids and labels[1] != UNKNOWN}
    named = {index for index, _ in gone}
    return present | gone | {(index, UNKNOWN) for index in unresponsive if index not in named}


def _order(labels: Labels) -> tuple[int, str, str]:
    return len(labels[0]), *labels
