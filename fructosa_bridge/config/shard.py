"""Which of several lmasters takes a node: each knows by itself, from the node's name alone.

A node belongs to one shard, whatever sections name it. The hash has nothing in common with that
of the schedule, so the nodes of a shard are spread over the whole interval. With one shard more,
each of the old ones gives its share of nodes to the new one, and no node moves between old ones.
"""

from dataclasses import dataclass
from hashlib import blake2b

from fructosa_service.config.kinds import Kind

_MOST_SHARDS = 1000
# A linear congruential generator of 64 bits: multiplier and increment as Knuth gives them for MMIX.
_MULTIPLIER, _INCREMENT, _MODULUS = 6364136223846793005, 1442695040888963407, 2**64


@dataclass(frozen=True)
class Shard:
    """One of *count* parts of all nodes; *index* counts from 1."""

    index: int
    count: int

    def takes(self, host: str) -> bool:
        """Tell whether a node is in this shard."""
        return self.index == shard_of(host, self.count)

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def shard_of(host: str, count: int) -> int:
    """Return which of *count* shards a node is in, from 1 to *count*.

    It follows the node through all counts at which it moves, each time to the shard that is new
    there (Lamping and Veach, 2014: a fast, minimal memory, consistent hash algorithm).
    """
    state = int.from_bytes(blake2b(host.lower().encode(), digest_size=8).digest(), "big")
    found = moves_at = 0
    while moves_at < count:
        found = moves_at + 1
        state = (state * _MULTIPLIER + _INCREMENT) % _MODULUS
        # A number from 1 to 2**31, as likely each: the node stays with chance found/count.
        moves_at = found * 2**31 // ((state >> 33) + 1)
    return found


def _parse(text: str) -> Shard:
    index, slash, count = (part.strip() for part in text.partition("/"))
    if not slash or not all(word.isascii() and word.isdecimal() for word in (index, count)):
        raise ValueError("is no shard; write which of how many, e.g. 2/5")
    if len(count) > 9 or not 1 <= int(count) <= _MOST_SHARDS:
        raise ValueError(
            f"is no shard of 1 to {_MOST_SHARDS}; write a number of them behind the '/'"
        )
    if len(index) > 9 or not 1 <= int(index) <= int(count):
        raise ValueError(f"is none of {count} shards; they are 1/{count} to {count}/{count}")
    return Shard(int(index), int(count))


SHARD = Kind(name="shard", example="2/5", parse=_parse)
