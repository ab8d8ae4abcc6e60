"""Which password is checked next: guessing must not keep others waiting. Pure.

After a restart no password is known, so the right ones have to wait with the guesses, and nothing
tells them apart but who sends them. Therefore clients have turns. One that was never wrong does not
wait for those that were, and these share their time, however many they are. Of several passwords of
one client, the newest is next: it overtakes those of somebody who guesses on many connections and
waits for each answer.
"""

import ipaddress
import math
from typing import Generic, TypeVar

T = TypeVar("T")

# So many passwords of a client wait; beyond that, the oldest is turned away.
MOST_WAITING = 64
# Clients that were wrong; of more, those that were the longest ago are forgotten.
MOST_GUESSERS = 10_000
# An owner of one address of IPv6 usually has all of its network.
_NETWORK_BITS = 64


class GuessQueue(Generic[T]):
    """What waits to be checked."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._waiting: dict[str, list[T]] = {}  # by client, in the order of their turns
        self._guessers: dict[str, None] = {}
        self._rest_until_s = -math.inf

    def put(self, client: str, item: T) -> T | None:
        """Add an *item* of a *client*; return its oldest one if that has to go for it."""
        items = self._waiting.setdefault(client, [])
        items.append(item)
        return None if len(items) <= self._most_waiting else items.pop(0)

    def ready_s(self) -> float:
        """Return when ``take`` will return something: infinity for never."""
        if not self._waiting:
            return math.inf
        return self._rest_until_s if self._fresh() is None else -math.inf

    def take(self, now_s: float) -> tuple[str, T] | None:
        """Remove and return the next item with its client, None if there is none yet."""
        client = self._fresh()
        if client is None and now_s >= self._rest_until_s:
            client = next(iter(self._waiting), None)
        if client is None:
            return None
        items = self._waiting.pop(client)
        item = items.pop()
        if items:
            self._waiting[client] = items  # behind the others
        return client, item

    def note_wrong(self, client: str, rest_until_s: float) -> None:
        """Let a *client* wait, with all that were wrong before, until a time."""
        self._guessers.pop(client, None)
        self._guessers[client] = None
        if len(self._guessers) > MOST_GUESSERS:
            del self._guessers[next(iter(self._guessers))]
        self._rest_until_s = max(self._rest_until_s, rest_until_s)

    def _fresh(self) -> str | None:
        """Return the next client that waits and was never wrong."""
        return next((client for client in self._waiting if client not in self._guessers), None)


def client_of(address: str) -> str:
    """Return to whom an *address* belongs: for IPv6 its network. Loopback addresses are one."""
    try:
        made = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    made = getattr(made, "ipv4_mapped", None) or made
    if made.is_loopback:
        return "loopback"
    if isinstance(made, ipaddress.IPv4Address):
        return str(made)
    return str(ipaddress.ip_network((int(made), _NETWORK_BITS), strict=False))
