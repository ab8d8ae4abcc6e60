"""Which GPU of a node Slurm's index (IDX) means: the order of NVML, or that of device files.

With AutoDetect = nvml Slurm counts GPUs as NVML does; with ``File=/dev/nvidia[0-7]`` by the numbers
of their device files (minor numbers). On some boards these differ.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from .machine_page import GPUFigures

NVML, MINOR, AUTO = "nvml", "minor", "auto"
# So many runs of a node are remembered that told one order from the other.
_MOST_VOTES = 8
_NAMES = (NVML, MINOR)

Orders = Mapping[str, tuple[str, ...]]
"""The UUIDs of a node by IDX, in each order that is known."""


def orders_of(gpus: Sequence[GPUFigures]) -> Orders:
    """Return the GPUs of a node in each order; an order is missing if a GPU has no number in it.

    Neither has an order a gap: a GPU that is lost, but that Slurm counts.
    """
    numbers = {NVML: [gpu.number for gpu in gpus], MINOR: [gpu.minor for gpu in gpus]}
    found = {}
    for order, of_gpus in numbers.items():
        known = [number for number in of_gpus if number is not None]
        if gpus and len(known) == len(gpus) and set(known) == set(range(len(gpus))):
            ranked = sorted(zip(known, (gpu.uuid for gpu in gpus), strict=True))
            found[order] = tuple(uuid for _, uuid in ranked)
    return found


def uuids_of(order: Sequence[str], indexes: Iterable[int]) -> frozenset[str] | None:
    """Return the GPUs that these indexes are in an *order*, None if the node has fewer."""
    found = set()
    for index in indexes:
        if index >= len(order):
            return None
        found.add(order[index])
    return frozenset(found)


class GPUOrders:
    """The order of each node: that of the configuration, or (auto) the one that fits processes.

    Where both orders give the same GPUs, nothing needs to be decided. A node where processes have
    not told yet has the order of all other nodes, if they agree.
    """

    def __init__(self, configured: str = AUTO) -> None:
        self._configured = configured
        self._nodes: dict[str, tuple[Sequence[GPUFigures], Orders]] = {}
        self._votes: dict[str, deque[str]] = {}
        self._configured_gpus: dict[str, int] = {}
        self._layouts: dict[str, int] = {}
        self.version = 0  # changes with what is known

    def set_gpus(self, node: str, gpus: Sequence[GPUFigures]) -> None:
        """Say which GPUs a node has; if they are others than before, their order is open again.

        One that is lost still counts: Slurm goes on to count it.
        """
        before = self._nodes.get(node)
        if before is not None and {gpu[:4] for gpu in gpus} <= {gpu[:4] for gpu in before[0]}:
            return
        self._layouts[node] = self._layouts.get(node, 0) + 1
        self._nodes[node] = gpus, orders_of(gpus)
        self._votes.pop(node, None)
        self.version += 1

    def set_configured(self, counts: Mapping[str, int]) -> None:
        """Say how many GPUs Slurm counts on each node: if lagent sees others, all is unknown."""
        if counts != self._configured_gpus:
            self._configured_gpus = dict(counts)
            self.version += 1

    def layout(self, node: str) -> int:
        """Return a number that changes when the GPUs of a node do."""
        return self._layouts.get(node, 0)

    def forget(self, node: str) -> None:
        """Forget a node: which GPUs it has is not known."""
        self._nodes.pop(node, None)
        self._votes.pop(node, None)

    def keep(self, nodes: Iterable[str]) -> None:
        """Forget all nodes but these."""
        for node in self._nodes.keys() - set(nodes):
            self.forget(node)

    def is_known(self, node: str) -> bool:
        """Return whether a node has told of its GPUs."""
        return node in self._nodes

    def has_divided(self, node: str) -> bool:
        """Return whether a GPU of a node is divided (MIG)."""
        gpus, _ = self._nodes.get(node, ((), {}))
        return any(gpu.is_divided for gpu in gpus)

    def uuids(self, node: str, indexes: Iterable[int]) -> frozenset[str] | None:
        """Return the GPUs that these indexes are on a node, None if that is not certain."""
        indexes = list(indexes)
        found = {uuids_of(order, indexes) for order in self._candidates(node).values()}
        return found.pop() if len(found) == 1 else None

    def see(self, node: str, indexes: Iterable[int], seen: frozenset[str]) -> bool:
        """Take that a run with these *indexes* has processes on the GPUs *seen*; call it once each.

        Return whether that fits an order that is in question.
        """
        _, orders = self._nodes.get(node, ((), {}))
        indexes = list(indexes)
        by_order = {name: uuids_of(order, indexes) for name, order in orders.items()}
        fitting = [name for name, uuids in by_order.items() if uuids is not None and seen <= uuids]
        if self._configured == AUTO and len(fitting) == 1 and len(set(by_order.values())) > 1:
            self._votes.setdefault(node, deque(maxlen=_MOST_VOTES)).append(fitting[0])
            self.version += 1
            if len(set(self._votes[node])) > 1:
                return False  # processes of two runs contradict one another
        candidates = self._candidates(node)
        return not candidates or any(name in fitting for name in candidates)

    def _candidates(self, node: str) -> Orders:
        """Return the orders that a node may have."""
        gpus, orders = self._nodes.get(node, ((), {}))
        if self._configured_gpus.get(node, len(gpus)) != len(gpus):
            return {}
        if self._configured != AUTO:
            return {name: order for name, order in orders.items() if name == self._configured}
        voted = set(self._votes.get(node, ()))
        if not voted:
            everywhere = {name for votes in self._votes.values() for name in votes}
            voted = everywhere if len(everywhere) == 1 else set(_NAMES)
        # AMD's GPUs have no minor number: then there is one order. Without any that fits, none.
        return {name: order for name, order in orders.items() if name in voted}
