"""What the pages show of targets and deliveries: plain values, ready to be printed."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .deliver import Delivery
from .scraper import State


@dataclass(frozen=True)
class Row:
    """A target, as the table shows it. *due* is local time, *state* up, down or waiting."""

    name: str
    group: str
    path: str
    url: str
    state: str
    due: str
    due_s: float | None
    duration: str
    samples: int
    interval_s: int
    missed: int
    error: str | None


@dataclass(frozen=True)
class DeliveryRow:
    """A destination, as the table shows it."""

    name: str
    delivered: int
    queued: int
    dropped: int
    error: str | None


def row(state: State) -> Row:
    """Return what is shown of a target."""
    target = state.target
    due = "" if state.due_s is None else time.strftime("%H:%M:%S", time.localtime(state.due_s))
    return Row(
        name=target.name,
        group=target.group,
        path=target.path,
        url=target.url,
        state={None: "waiting", True: "up", False: "down"}[state.up],
        due=due,
        due_s=state.due_s,
        duration="" if state.up is None else f"{state.duration_s * 1000:.1f} ms",
        samples=state.samples,
        interval_s=target.interval_s,
        missed=state.missed,
        error=state.error,
    )


def rows(states: Sequence[State]) -> list[Row]:
    """Return what is shown of all targets: those that are down first."""
    order = {"down": 0, "waiting": 1, "up": 2}
    return sorted(map(row, states), key=lambda shown: order[shown.state])


def delivery_row(delivery: Delivery) -> DeliveryRow:
    """Return what is shown of a destination."""
    return DeliveryRow(
        name=delivery.destination.name,
        delivered=delivery.delivered_points,
        queued=delivery.spool.points,
        dropped=delivery.spool.dropped_points,
        error=delivery.last_error,
    )


def as_json(states: Sequence[State], deliveries: Sequence[Delivery]) -> dict[str, object]:
    """Return targets and destinations for programs."""
    return {
        "targets": [asdict(shown) for shown in rows(states)],
        "destinations": [asdict(delivery_row(delivery)) for delivery in deliveries],
    }
