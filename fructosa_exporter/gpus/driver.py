"""A driver's library: when it is opened, and opened again; which GPUs it has, and has lost."""

import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from fructosa_exporter.errors import SensorUnavailable

from .driver_lock import DriverLock
from .quantities import QuantityValues

# Opening may take seconds, and holds up who works on the driver: not more often than this.
REOPEN_S = 60.0
UNKNOWN = "unknown"  # in place of the UUID of a GPU that never told it

Labels = tuple[str, str]


class DriverError(Exception):
    """The driver as a whole can't be asked; the text says why."""


class GPULost(Exception):
    """A GPU no longer answers; the others do."""


class GPU(Protocol):
    """A GPU that answers."""

    index: str
    uuid: str

    def check(self) -> None:
        """Ask for something. Raises: GPULost."""


A = TypeVar("A")
G = TypeVar("G", bound=GPU)


class Library(Protocol[G]):
    """What a vendor's library must be able to do."""

    name: str

    def open(self) -> list[G | str]:
        """Open it; return its GPUs, or for one that doesn't answer its index.

        Raises: SensorUnavailable where there is no such driver, DriverError where it fails.
        """

    def count(self) -> int:
        """Return how many GPUs there are now. Raises: DriverError."""

    def events(self, uuid: str) -> QuantityValues:
        """Return what was counted of errors that the driver has reported of a GPU."""

    def close(self) -> None:
        """Close it, whatever state it is in."""


class Driver(Generic[G]):
    """The GPUs of one vendor. A library that fails is opened again, at most once a minute."""

    def __init__(self, library: Library[G], clock: Callable[[], float] = time.monotonic) -> None:
        self._library, self._clock = library, clock
        self._lock = DriverLock(clock)
        self._gpus: list[tuple[Labels, G]] = []
        self._lost: set[Labels] = set()
        self._known: set[Labels] = set()
        self._tried_s: float | None = None
        self._failure: SensorUnavailable | DriverError | None = None
        self._is_outdated = False  # there are more or fewer GPUs than there were

    def query_each(self, name: str, query: Callable[[G], A]) -> list[tuple[Labels, A]]:
        """Return the answer of each GPU to the *query* of the sensor of that *name*.

        There is none of a GPU that is lost.

        Raises: SensorUnavailable where there is no such driver, DriverError where it failed,
        DriverHangs while it hangs in another sensor.
        """
        return self._locked(name, lambda: self._answers(query))

    def up(self, name: str) -> list[tuple[Labels, bool]]:
        """Return which of the GPUs that were ever seen answer now.

        Raises: SensorUnavailable where there is no such driver; DriverError, but only while no
        GPU was ever seen; DriverHangs.
        """
        try:
            answering = self._locked(name, self._answering)
        except DriverError:
            if not self._known:
                raise
            answering = set()
        return [(labels, labels in answering) for labels in sorted(self._known, key=_order)]

    def events(self, name: str) -> list[tuple[Labels, QuantityValues]]:
        """Return the errors that the driver has reported, of GPUs that are lost by now too.

        Raises: as ``query_each``.
        """
        return self._locked(
            name,
            lambda: [(labels, self._library.events(labels[1])) for labels in sorted(self._known)],
        )

    def _answers(self, query: Callable[[G], A]) -> list[tuple[Labels, A]]:
        answers = []
        for labels, gpu in self._gpus:
            if labels in self._lost:
                continue
            try:
                answers.append((labels, query(gpu)))
            except GPULost:
                self._lost.add(labels)
        return answers

    def _answering(self) -> set[Labels]:
        """Return the GPUs that answer; note whether there are others now than there were."""
        answering = {labels for labels, _ in self._answers(lambda gpu: gpu.check())}
        self._is_outdated = self._library.count() != len(self._gpus)
        return answering

    def _locked(self, name: str, work: Callable[[], A]) -> A:
        """Hold the lock, have the library open, and do the *work*; close it when it fails."""
        with self._lock.held_by(name):
            self._open_if_due()
            try:
                return work()
            except DriverError as error:
                self._close()
                self._failure = error
                raise

    def _open_if_due(self) -> None:
        is_due = self._tried_s is None or self._clock() - self._tried_s >= REOPEN_S
        is_well = self._gpus and not self._lost and not self._is_outdated
        if is_due and not is_well:
            self._close()
            self._open()
        if self._failure:
            raise self._failure

    def _open(self) -> None:
        self._tried_s = self._clock()
        try:
            found = self._library.open()
        except (SensorUnavailable, DriverError) as error:
            self._failure = DriverError(str(error)) if self._known else error
            return
        self._gpus = [((gpu.index, gpu.uuid), gpu) for gpu in found if not isinstance(gpu, str)]
        present = {labels for labels, _ in self._gpus}
        silent = [index for index in found if isinstance(index, str)]
        self._known = ever_seen(self._known, present, silent)
        if not self._known:
            self._failure = SensorUnavailable(f"{self._library.name} has no GPU here")

    def _close(self) -> None:
        self._library.close()
        self._gpus, self._lost, self._failure = [], set(), None
        self._is_outdated = False


def ever_seen(before: set[Labels], present: set[Labels], silent: list[str]) -> set[Labels]:
    """Return the GPUs that were ever seen: of those *before*, *present* and *silent* ones.

    A GPU has its UUID for life, its index until the machine starts with another number of them.
    """
    uuids = {uuid for _, uuid in present}
    gone = {labels for labels in before if labels[1] not in uuids and labels[1] != UNKNOWN}
    named = {index for index, _ in gone}
    return present | gone | {(index, UNKNOWN) for index in silent if index not in named}


def _order(labels: Labels) -> tuple[int, str, str]:
    return len(labels[0]), *labels
