"""The sensor EnergyRAPL."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.hardware.energy import EnergyRAPL, increase_uj

from ...machine import values
from ...recorded import changed, kernel

ZONES = "/sys/class/powercap"
PACKAGE = f"{ZONES}/intel-rapl:0"
RANGE_UJ = 262143328850
JOULES = ("energy_joules_total", "0", "package-0")


class RestrictedKernel(Kernel):
    """A kernel where only root can read the energy of the *zones*."""

    def __init__(self, root, *zones):
        super().__init__(root)
        self._kept = {f"{ZONES}/intel-rapl:{zone}/energy_uj" for zone in zones}

    def content(self, path):
        """Return the content of the file at *path*, unless only root can read it."""
        if path in self._kept:
            raise PermissionError(13, "Permission denied", path)
        return super().content(path)


class Machine:
    """A machine whose counter of the first package can be set."""

    def __init__(self, folder):
        self._file = folder / PACKAGE.lstrip("/") / "energy_uj"
        self._sensor = EnergyRAPL(read=changed("energy", folder, {}))

    def joules(self, shown):
        """Return the exposed energy after the counter has been set to *shown* microjoules."""
        self._file.write_text(f"{shown}\n")
        return values(self._sensor).get(JOULES)


@pytest.fixture
def machine(tmp_path):
    """A machine with a counter that can be set."""
    return Machine(tmp_path)


def test_energy_begins_at_zero_for_each_zone():
    """Zones are identified by number, as names repeat; those of intel-rapl-mmio are ignored."""
    expected = {
        ("energy_joules_total", "0", "package-0"): 0,
        ("energy_joules_total", "0:0", "core"): 0,
        ("energy_joules_total", "0:1", "dram"): 0,
        ("energy_joules_total", "1", "package-1"): 0,
        ("energy_joules_total", "1:0", "dram"): 0,
        ("energy_power_limit_watts", "0", "package-0"): 4090,
        ("energy_power_limit_watts", "1", "package-1"): 165,
    }
    assert expected == values(EnergyRAPL(read=kernel("energy")))


def test_energy_is_in_joules(machine):
    """Each zone has its own counter."""
    machine.joules(1_000_000)

    assert machine.joules(1_500_000) == 0.5
    assert machine.joules(1_500_000) == 0.5
    assert machine.joules(4_000_000) == 3


def test_a_counter_that_wraps_keeps_growing(machine):
    """Each wrap adds one range."""
    machine.joules(RANGE_UJ - 2_000_000)

    assert machine.joules(3_000_000) == 5
    assert machine.joules(RANGE_UJ - 1_000_000) == 5 + (RANGE_UJ - 4_000_000) / 1e6
    assert machine.joules(0) == 5 + (RANGE_UJ - 3_000_000) / 1e6


def test_a_zone_that_returns_keeps_growing(machine):
    """It has no sample meanwhile; the others do."""
    machine.joules(1_000_000)

    assert machine.joules("") is None
    assert machine.joules(3_000_000) == 2


@pytest.mark.parametrize("range_uj", [None, "", "0", "-5", "many", "9" * 400, "999999"])
def test_without_a_valid_range_a_smaller_value_is_a_reset(tmp_path, machine, range_uj):
    """Only the new value is added."""
    file = tmp_path / PACKAGE.lstrip("/") / "max_energy_range_uj"
    file.unlink() if range_uj is None else file.write_text(range_uj)

    machine.joules(9_000_000)

    assert machine.joules(4_000_000) == 4


@given(st.lists(st.integers(0, 10**7), min_size=2), st.none() | st.integers(-(10**8), 10**8))
def test_an_increase_is_never_negative(shown, range_uj):
    """Whatever the values and the range."""
    assert all(increase_uj(one, two, range_uj) >= 0 for one, two in pairwise(shown))


@given(st.integers(0, 999), st.integers(0, 999))
def test_one_wrap_is_compensated(before, step):
    """With a range of 1000."""
    assert step == increase_uj(before, (before + step) % 1000, 1000)


@pytest.mark.parametrize("content", ["", "N/A", "-1", "1e9", "9" * 400, "9" * 5000, "\x00"])
def test_an_invalid_energy_costs_only_its_zone(tmp_path, content):
    """The zone has no limit either."""
    read = changed("energy", tmp_path, {f"{PACKAGE}/energy_uj": content})

    found = values(EnergyRAPL(read=read))

    assert {"0:0", "0:1", "1", "1:0"} == {key[1] for key in found}


@pytest.mark.parametrize("content", ["", "N/A", "-1", "0", "9" * 400])
def test_an_invalid_limit_is_absent(tmp_path, content):
    """Zero means that the limit is disabled."""
    files = {f"{PACKAGE}/constraint_0_power_limit_uw": content}

    found = values(EnergyRAPL(read=changed("energy", tmp_path, files)))

    assert JOULES in found
    assert ("energy_power_limit_watts", "0", "package-0") not in found


def test_a_zone_that_is_removed_while_it_is_read_costs_only_itself(tmp_path):
    """Its link is broken; one name is missing, and another is invalid UTF-8."""
    changed("energy", tmp_path, {f"{PACKAGE}/name": None})
    folder = tmp_path / ZONES.lstrip("/")
    (folder / "intel-rapl:7").symlink_to("../../devices/gone")
    (folder / "intel-rapl:1/name").write_bytes(b"\xff\n")

    found = values(EnergyRAPL(read=Kernel(tmp_path)))

    assert ("energy_joules_total", "0", "") in found
    assert ("energy_joules_total", "1", "\udcff") in found
    assert "7" not in {key[1] for key in found}


def test_missing_permission_for_all_zones_is_an_error(tmp_path):
    """As without root since Linux 5.10."""
    changed("energy", tmp_path, {})
    sensor = EnergyRAPL(read=RestrictedKernel(tmp_path, "0", "0:0", "0:1", "1", "1:0"))

    with pytest.raises(PermissionError, match="energy_uj"):
        values(sensor)


def test_permission_for_some_zones_is_used(tmp_path):
    """It may have been granted only for the packages."""
    changed("energy", tmp_path, {})

    found = values(EnergyRAPL(read=RestrictedKernel(tmp_path, "0:0", "0:1", "1:0")))

    assert {"0", "1"} == {key[1] for key in found}


def test_the_sensor_is_unavailable_without_energy(tmp_path):
    """As on most virtual machines; or there is a zone without a counter."""
    with pytest.raises(SensorUnavailable, match="measures no energy"):
        values(EnergyRAPL(read=Kernel(tmp_path)))

    (tmp_path / ZONES.lstrip("/") / "intel-rapl:0").mkdir(parents=True)
    with pytest.raises(SensorUnavailable, match="reports its energy"):
        values(EnergyRAPL(read=Kernel(tmp_path)))


def test_the_energy_of_the_node_is_that_of_processors_and_their_memory(tmp_path):
    """Parts of a processor are in it already."""
    sensor = EnergyRAPL(read=changed("energy", tmp_path, {}))
    assert 0 == sensor.node_joules()
    for zone, microjoules in (("0", 240422366267 + 3e6), ("0:0", 0), ("0:1", 52649883221 + 5e5)):
        file = tmp_path / f"{ZONES}/intel-rapl:{zone}/energy_uj".lstrip("/")
        file.write_text(f"{microjoules:.0f}\n")

    assert 3.5 == sensor.node_joules()


def test_energy_of_the_node_that_cannot_be_read_is_absent(tmp_path):
    """Only root can read a part of it, or there is none."""
    changed("energy", tmp_path, {})
    restricted = RestrictedKernel(tmp_path, "1")

    assert None is EnergyRAPL(read=restricted).node_joules()
    assert None is EnergyRAPL(read=Kernel("/nowhere")).node_joules()
