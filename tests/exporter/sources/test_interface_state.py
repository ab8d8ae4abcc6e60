"""The state of network interfaces."""

import psutil

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.interface_state import interface_states

_DUPLEX = {2: "full", 1: "half", 0: "unknown"}


def test_psutil_sees_the_same_on_this_machine():
    """By older calls; but for what it does not know of speed and duplex."""
    found = {name: (one.isup, one.mtu, one.flags) for name, one in interface_states().items()}

    expected = psutil.net_if_stats()
    assert {name: (one.isup, one.mtu, one.flags) for name, one in expected.items()} == found
    for name, one in expected.items():
        if one.speed:
            assert (one.speed, _DUPLEX[int(one.duplex)]) == (
                interface_states()[name].speed,
                interface_states()[name].duplex,
            )


def test_the_loopback_is_up_and_has_no_speed():
    """It has no cable."""
    loopback = interface_states()["lo"]

    assert (True, 0, "unknown") == (loopback.isup, loopback.speed, loopback.duplex)
    assert "loopback" in loopback.flags.split(",")


def test_what_is_no_interface_is_left_out(tmp_path):
    """Files among the folders, and interfaces that have just gone."""
    for name in ("bonding_masters", "gone0", "a" * 15, "\udcff"):
        (tmp_path / "sys/class/net" / name).mkdir(parents=True)

    assert {} == interface_states(Kernel(tmp_path))


def test_speed_and_duplex_are_those_of_the_interface(tmp_path):
    """Where it runs: the kernel is asked for all else."""
    running = next((name for name, one in psutil.net_if_stats().items() if one.isup), "lo")
    folder = tmp_path / "sys/class/net" / running
    folder.mkdir(parents=True)
    (folder / "speed").write_text("25000\n")
    (folder / "duplex").write_text("full\n")

    found = interface_states(Kernel(tmp_path))[running]

    is_loopback = "loopback" in found.flags
    assert (found.speed, found.duplex) == ((0, "unknown") if is_loopback else (25000, "full"))
