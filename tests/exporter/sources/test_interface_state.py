"""The state of network interfaces."""

import psutil
import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.interface_state import (
    InterfaceState,
    interface_states,
    speed_megabits,
)
from fructosa_exporter.sources.namespaces import OTHER_NETWORK

from ..memory_kernel import MemoryKernel

_DUPLEX = {2: "full", 1: "half", 0: "unknown"}


def test_psutil_sees_the_same_on_this_machine():
    """By older system calls. Speed and duplex are compared only where psutil knows them."""
    states = {name: (one.isup, one.mtu, one.flags) for name, one in interface_states().items()}

    expected = psutil.net_if_stats()
    assert {name: (one.isup, one.mtu, one.flags) for name, one in expected.items()} == states
    for name, one in expected.items():
        if one.speed:
            assert (one.speed, _DUPLEX[int(one.duplex)]) == (
                interface_states()[name].speed,
                interface_states()[name].duplex,
            )


def test_the_loopback_interface_is_up_and_has_no_speed():
    """It is not a physical interface."""
    loopback = interface_states()["lo"]

    assert (True, 0, "unknown") == (loopback.isup, loopback.speed, loopback.duplex)
    assert "loopback" in loopback.flags.split(",")


@pytest.mark.parametrize(
    ("text", "speed"),
    [(25_000, 25_000), (400_000, 400_000), (65_535, None), (4_294_967_295, None), (-1, None)],
)
def test_a_speed_that_the_driver_does_not_know_is_none(text, speed):
    """It is -1 in some number of bits."""
    assert speed == speed_megabits(MemoryKernel({"/sys/class/net/eth0/speed": text}), "eth0")


def test_entries_that_are_not_interfaces_are_left_out(tmp_path):
    """Other files, and interfaces that have just been removed."""
    for name in ("bonding_masters", "gone0", "a" * 15, "\udcff"):
        (tmp_path / "sys/class/net" / name).mkdir(parents=True)

    assert {} == interface_states(Kernel(tmp_path))


def test_in_another_network_interfaces_are_read_from_the_hosts_sysfs(tmp_path, paths):
    """Or not at all, if that is not here."""
    (tmp_path / "proc/1/net").mkdir(parents=True)
    (tmp_path / "proc/self").symlink_to("1")
    files = {"flags": "0x1003", "mtu": "9000", "operstate": "up", "speed": "25000"}
    for name, changed in (("eth0", {}), ("eth1", {"operstate": "down"}), ("odd", {"flags": "x"})):
        folder = tmp_path / "sys/class/net" / name
        folder.mkdir(parents=True)
        for file, text in (files | changed).items():
            (folder / file).write_text(f"{text}\n")

    paths(str(tmp_path / "proc"))
    with pytest.raises(SensorUnavailable, match=OTHER_NETWORK):
        interface_states()
    paths(str(tmp_path / "proc"), str(tmp_path / "sys"))
    states = interface_states()

    up = "up,broadcast,running,multicast"
    assert {
        "eth0": InterfaceState(True, "unknown", 25000, 9000, up),
        "eth1": InterfaceState(False, "unknown", 0, 9000, up.replace("running,", "")),
    } == states


def test_speed_and_duplex_are_read_from_sysfs(tmp_path):
    """For interfaces that run. Everything else comes from ioctls."""
    running = next((name for name, one in psutil.net_if_stats().items() if one.isup), "lo")
    folder = tmp_path / "sys/class/net" / running
    folder.mkdir(parents=True)
    (folder / "speed").write_text("25000\n")
    (folder / "duplex").write_text("full\n")

    state = interface_states(Kernel(tmp_path))[running]

    is_loopback = "loopback" in state.flags
    assert (state.speed, state.duplex) == ((0, "unknown") if is_loopback else (25000, "full"))
