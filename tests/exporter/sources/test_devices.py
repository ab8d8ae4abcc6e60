"""What a sensor of many devices keeps between readings."""

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
def test_names_are_chosen_by_patterns(include, exclude, expected):
    """In their order."""
    assert expected == DeviceFilter(include, exclude).of(["lo", "eth0", "ib0"])


def test_what_is_remembered_of_names_stays_bounded(monkeypatch):
    """Containers come and go; the choice stays right."""
    monkeypatch.setattr(devices, "_KNOWN_LIMIT", 10)
    choice = DeviceFilter(["veth*"], ["*9"])

    found = [choice.of([f"veth{number}"]) for number in range(100)]

    assert len(choice._known) <= 10
    assert 90 == sum(map(bool, found))


def test_keys_are_kept_while_the_names_stay():
    """And made anew when one comes or goes."""
    kept = KeyCache([SENT, LOST])

    first, second = kept.each(("a",)), kept.each(("a",))
    third = kept.each(("a", "b"))

    assert first is second
    assert [(SENT, ("a",)), (LOST, ("a",)), (SENT, ("b",)), (LOST, ("b",))] == third
