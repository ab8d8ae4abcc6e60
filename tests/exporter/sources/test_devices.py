"""Filters and caches for sensors of many devices."""

import pytest

from fructosa_exporter.metrics import counter
from fructosa_exporter.sources import devices
from fructosa_exporter.sources.devices import DeviceFilter, KeyCache

SENT = counter("fructosa_sent_total", "Sent.", "interface")
LOST = counter("fructosa_lost_total", "Lost.", "interface")


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["*"], [], ("lo", "eth0", "ib0")),
        (["eth*", "ib?"], [], ("eth0", "ib0")),
        (["*"], ["lo", "veth*"], ("eth0", "ib0")),
        ([], [], ()),
    ],
)
def test_names_are_selected_by_patterns(include, exclude, expected):
    """Their order is kept."""
    assert expected == DeviceFilter(include, exclude).select(["lo", "eth0", "ib0"])


def test_the_cache_of_a_filter_is_bounded(monkeypatch):
    """Containers add ever new names; the selection stays right."""
    monkeypatch.setattr(devices, "_KNOWN_LIMIT", 10)
    device_filter = DeviceFilter(["veth*"], ["*9"])

    selections = [device_filter.select([f"veth{number}"]) for number in range(100)]

    assert len(device_filter._known) <= 10
    assert 90 == sum(map(bool, selections))


def test_keys_are_cached_while_the_devices_stay_the_same():
    """They are created again if one is added or removed."""
    cache = KeyCache([SENT, LOST])

    first, second = cache.each(("a",)), cache.each(("a",))
    third = cache.each(("a", "b"))

    assert first is second
    assert [(SENT, ("a",)), (LOST, ("a",)), (SENT, ("b",)), (LOST, ("b",))] == third
