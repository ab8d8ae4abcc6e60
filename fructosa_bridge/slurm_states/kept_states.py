"""The states of the nodes that are out of use, kept in a file.

They are known after a restart, also while slurmctld is away: drained nodes are still not expected
to be up. The file is JSON: a version, the Slurm that it is from, and for each node its name, its
address, its host name, its state, whether it is expected to be up, the reason, its user and time.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..slurm_output.records import NodeRecord
from .kept_file import FileFormat, KeptFile, text, time_s, truth
from .node_states import USABLE, NodeState

FORMAT = FileFormat("fructosa-slurm-states", 1, "a list of states")


class KeptNode(NamedTuple):
    """A node, as far as matching needs it, and its state."""

    name: str
    address: str
    host_name: str
    state: NodeState


class KeptStates:
    """The file in the data directory; *source* says which Slurm the states are from."""

    def __init__(self, folder: Path, source: str) -> None:
        self.path = folder / "slurm-states.json"
        self._file = KeptFile(self.path)
        self._source = source
        self._written: list[KeptNode] | None = None

    def read(self) -> list[KeptNode]:
        """Return the nodes in the file; none if it is from another Slurm."""
        found = self._file.read(decode)
        if found is None or found[0] != self._source:
            return []
        self._written = found[1]
        return found[1]

    def update(self, nodes: Iterable[NodeRecord], states: Mapping[str, NodeState]) -> None:
        """Keep the states of the *nodes* that are out of use, if they have changed."""
        out_of_use = [
            KeptNode(node.name, node.address, node.host_name, state)
            for node in nodes
            if (state := states[node.name]).state not in USABLE or not state.is_expected
        ]
        if out_of_use != self._written:
            self._written = out_of_use
            self._file.write(encode(self._source, out_of_use))


def encode(source: str, nodes: Iterable[KeptNode]) -> str:
    """Return the content of the file."""
    return FORMAT.encode(source=source, nodes=[[*one[:3], *one.state] for one in nodes])


def decode(content: bytes) -> tuple[str, list[KeptNode]]:
    """Return the source and the nodes in the content of a file. Raises: ValueError."""
    found = FORMAT.decode(content)
    try:
        return text(found["source"]), [_node(*fields) for fields in found["nodes"]]
    except (TypeError, KeyError) as error:
        raise ValueError(f"it is incomplete ({error})") from None


def _node(
    name: Any,
    address: Any,
    host_name: Any,
    state: Any,
    is_expected: Any,
    reason: Any,
    user: Any,
    since_s: Any,
) -> KeptNode:
    known = NodeState(
        text(state),
        truth(is_expected),
        None if reason is None else text(reason),
        None if user is None else text(user),
        None if since_s is None else time_s(since_s),
    )
    return KeptNode(text(name), text(address), text(host_name), known)
