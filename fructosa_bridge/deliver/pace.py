"""How fast the backlog is sent: so many points a second, and no more."""


class Pace:
    """When the next may go: what was sent must be paid for in time."""

    def __init__(self, points_a_second: int, now_s: float) -> None:
        self._points_a_second = points_a_second
        self._free_s = now_s

    def spend(self, points: int, now_s: float) -> None:
        """Note that so many points went."""
        self._free_s = max(self._free_s, now_s) + points / self._points_a_second

    def wait_s(self, now_s: float) -> float:
        """Return how long to wait for the next; 0 for not at all."""
        return max(0.0, self._free_s - now_s)
