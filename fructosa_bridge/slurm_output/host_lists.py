"""Slurm's lists of nodes, as ``n[01-03,7],login``: into names."""

import re
from functools import lru_cache
from itertools import product

# As in Slurm's src/common/hostlist.c: a job can't have more nodes than a cluster.
MOST_NODES = 65_536
_MOST_CHARACTERS = 1_000_000
_LONGEST_NAME = 255  # of a host
_ENTRY = re.compile(r"(?:[^\[\],\s]|\[[0-9,-]++\])++")
_PART = re.compile(r"\[([0-9,-]+)\]|([^\[\]]+)")
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_NONE = frozenset({"", "(null)", "None assigned", "N/A"})


@lru_cache(maxsize=4096)
def node_names(text: str) -> tuple[str, ...]:
    """Return the names of the nodes in a list of Slurm's, in its order; none if it is invalid.

    A list that was damaged must not name nodes that the job did not have, nor fill the memory.
    """
    if text in _NONE or len(text) > _MOST_CHARACTERS:
        return ()
    names: list[str] = []
    position = 0
    while position <= len(text):
        match = _ENTRY.match(text, position)
        if match is None or text[match.end() : match.end() + 1] not in ("", ","):
            return ()
        found = _expanded(match[0], MOST_NODES - len(names))
        if not found:
            return ()
        names += found
        position = match.end() + 1
    return tuple(dict.fromkeys(names))


def _expanded(entry: str, most: int) -> list[str]:
    """Return the names of one entry, at most *most*; none if there are more, or it is invalid."""
    choices = []
    count = 1
    for numbers, plain in _PART.findall(entry):
        choice = [plain] if plain else _numbers(numbers, most)
        count *= len(choice)
        if not 0 < count <= most:
            return []
        choices.append(choice)
    if sum(len(choice[-1]) for choice in choices) > _LONGEST_NAME:
        return []
    return ["".join(parts) for parts in product(*choices)]


def _numbers(text: str, most: int) -> list[str]:
    """Return the numbers of ``01-03,7`` as they are written; none if that is invalid."""
    found: list[str] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            return []
        first, last = int(match[1]), int(match[2] or match[1])
        if not 0 <= last - first < most - len(found):
            return []
        found += [f"{number:0{len(match[1])}}" for number in range(first, last + 1)]
    return found
