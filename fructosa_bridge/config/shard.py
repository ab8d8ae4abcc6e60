"""Shards: which of several lmasters scrapes a node, computed from the node's name alone.

A node belongs to one shard, whichever sections name it. This hash is independent of the schedule's,
so the nodes of a shard are spread over the whole interval. When a shard is added, each old shard
gives an equal share of its nodes to the new one, and no node moves between old shards.
"""

from dataclasses import dataclass
from hashlib import blake2b

from fructosa_service.config.kinds import Kind

_MAX_SHARDS = 1000
# A linear congruential generator of 64 bits, with Knuth's multiplier and increment for MMIX.
_MULTIPLIER, _INCREMENT, _MODULUS = 6364136223846793005, 1442695040888963407, 2**64


@dataclass(frozen=True)
class Shard:
    """One of *count* parts of all nodes; *index* counts from 1."""

    index: int
    count: int

    def contains(self, host: str) -> bool:
        """Return whether a node is in this shard."""
        return self.index == shard_of(host, self.count)

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def shard_of(host: str, count: int) -> int:
    """Return which of *count* shards a node is in, from 1 to *count*.

    This is jump consistent hashing (Lamping and Veach, 2014: A Fast, Minimal Memory, Consistent
    Hash Algorithm): follow the node through the counts at which it moves, each time to the shard
    that is new at that count.
    """
    state = int.from_bytes(blake2b(host.lower().encode(), digest_size=8).digest(), "big")
    shard = moves_at = 0
    while moves_at < count:
        shard = moves_at + 1
        state = (state * _MULTIPLIER + _INCREMENT) % _MODULUS
        # Divide by a uniform number from 1 to 2**31: the node stays with probability shard/count.
        moves_at = shard * 2**31 // ((state >> 33) + 1)
    return shard


def _parse(text: str) -> Shard:
    index, slash, count = (part.strip() for part in text.partition("/"))
    if not slash or not all(word.isascii() and word.isdecimal() for word in (index, count)):
        raise ValueError("is not a valid shard; write NUMBER/COUNT, e.g. 2/5")
    if len(count) > 9 or not 1 <= int(count) <= _MAX_SHARDS:
        raise ValueError(f"has an invalid count; write 1 to {_MAX_SHARDS} shards after the '/'")
    if len(index) > 9 or not 1 <= int(index) <= int(count):
        raise ValueError(f"is not one of {count} shards; write 1/{count} to {count}/{count}")
    return Shard(int(index), int(count))


SHARD = Kind(name="shard", example="2/5", parse=_parse)
