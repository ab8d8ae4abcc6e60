"""Energy."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.hardware.energy import EnergyRAPL, passed_uj

from ...machine import values
from ...recorded import changed, kernel

ZONES = "/sys/class/powercap"
PACKAGE = f"{ZONES}/intel-rapl:0"
RANGE_UJ = 262143328850
JOULES = ("energy_joules_total", "0", "package-0")


class Kept(Kernel):
    """A kernel that keeps the energy of the *zones* from all but root."""

    def __init__(self, root, *zones):
        super().__init__(root)
        self._kept = {f"{ZONES}/intel-rapl:{zone}/energy_uj" for zone in zones}

    def content(self, path):
        """Return what the file at *path* holds, unless it is root's."""
        if path in self._kept:
            raise PermissionError(13, "Permission denied", path)
        return super().content(path)


class Machine:
    """A machine whose meter of the first package a test turns."""

    def __init__(self, folder):
        self._file = folder / PACKAGE.lstrip("/") / "energy_uj"
        self._sensor = EnergyRAPL(read=changed("energy", folder, {}))

    def joules(self, shown):
        """Return what the sensor tells when the meter has come to show *shown*."""
        self._file.write_text(f"{shown}\n")
        return values(self._sensor).get(JOULES)


@pytest.fixture
def machine(tmp_path):
    """A machine with a meter that can be turned."""
    return Machine(tmp_path)


def test_counting_begins_at_zero_and_zones_are_told_apart():
    """By their numbers, as names repeat; those of mmio are the same meters again."""
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


def test_energy_is_told_in_joules(machine):
    """Each zone goes its own way."""
    machine.joules(1_000_000)

    assert machine.joules(1_500_000) == 0.5
    assert machine.joules(1_500_000) == 0.5
    assert machine.joules(4_000_000) == 3


def test_a_meter_that_begins_again_is_counted_on(machine):
    """Once for each time, so that the counter only grows."""
    machine.joules(RANGE_UJ - 2_000_000)

    assert machine.joules(3_000_000) == 5
    assert machine.joules(RANGE_UJ - 1_000_000) == 5 + (RANGE_UJ - 4_000_000) / 1e6
    assert machine.joules(0) == 5 + (RANGE_UJ - 3_000_000) / 1e6


def test_a_zone_that_is_away_for_a_while_is_counted_on(machine):
    """It gives no sample meanwhile, the others do."""
    machine.joules(1_000_000)

    assert machine.joules("") is None
    assert machine.joules(3_000_000) == 2


@pytest.mark.parametrize("range_uj", [None, "", "0", "-5", "many", "9" * 400, "999999"])
def test_without_a_range_a_meter_that_fell_began_anew(tmp_path, machine, range_uj):
    """Then what it shows is what is sure."""
    file = tmp_path / PACKAGE.lstrip("/") / "max_energy_range_uj"
    file.unlink() if range_uj is None else file.write_text(range_uj)

    machine.joules(9_000_000)

    assert machine.joules(4_000_000) == 4


@given(st.lists(st.integers(0, 10**7), min_size=2), st.none() | st.integers(-(10**8), 10**8))
def test_a_meter_never_goes_back(shown, range_uj):
    """Whatever it shows, and whatever its range is said to be."""
    assert all(passed_uj(one, two, range_uj) >= 0 for one, two in pairwise(shown))


@given(st.integers(0, 999), st.integers(0, 999))
def test_less_than_a_round_is_always_counted_right(before, step):
    """With a round of a thousand."""
    assert step == passed_uj(before, (before + step) % 1000, 1000)


@pytest.mark.parametrize("content", ["", "N/A", "-1", "1e9", "9" * 400, "9" * 5000, "\x00"])
def test_a_zone_that_tells_no_energy_costs_only_itself(tmp_path, content):
    """Nor does it tell a limit."""
    read = changed("energy", tmp_path, {f"{PACKAGE}/energy_uj": content})

    found = values(EnergyRAPL(read=read))

    assert {"0:0", "0:1", "1", "1:0"} == {key[1] for key in found}


@pytest.mark.parametrize("content", ["", "N/A", "-1", "0", "9" * 400])
def test_a_limit_that_is_none_is_absent(tmp_path, content):
    """Zero is what a zone says whose limit is turned off."""
    files = {f"{PACKAGE}/constraint_0_power_limit_uw": content}

    found = values(EnergyRAPL(read=changed("energy", tmp_path, files)))

    assert JOULES in found
    assert ("energy_power_limit_watts", "0", "package-0") not in found


def test_a_zone_that_vanishes_while_it_is_read_costs_only_itself(tmp_path):
    """Its link leads nowhere; a name is missing, and one is no Unicode."""
    changed("energy", tmp_path, {f"{PACKAGE}/name": None})
    folder = tmp_path / ZONES.lstrip("/")
    (folder / "intel-rapl:7").symlink_to("../../devices/gone")
    (folder / "intel-rapl:1/name").write_bytes(b"\xff\n")

    found = values(EnergyRAPL(read=Kernel(tmp_path)))

    assert ("energy_joules_total", "0", "") in found
    assert ("energy_joules_total", "1", "\udcff") in found
    assert "7" not in {key[1] for key in found}


def test_a_right_that_is_missing_for_all_zones_is_told(tmp_path):
    """As without root, since Linux 5.10."""
    changed("energy", tmp_path, {})
    sensor = EnergyRAPL(read=Kept(tmp_path, "0", "0:0", "0:1", "1", "1:0"))

    with pytest.raises(PermissionError, match="energy_uj"):
        values(sensor)


def test_a_right_that_is_there_for_some_zones_is_used(tmp_path):
    """Somebody may have given it for the packages only."""
    changed("energy", tmp_path, {})

    found = values(EnergyRAPL(read=Kept(tmp_path, "0:0", "0:1", "1:0")))

    assert {"0", "1"} == {key[1] for key in found}


def test_a_machine_that_meters_no_energy_has_nothing_to_tell(tmp_path):
    """As most virtual machines; or its driver is there but has nothing to say."""
    with pytest.raises(SensorUnavailable, match="meters no energy"):
        values(EnergyRAPL(read=Kernel(tmp_path)))

    (tmp_path / ZONES.lstrip("/") / "intel-rapl:0").mkdir(parents=True)
    with pytest.raises(SensorUnavailable, match="tells its energy"):
        values(EnergyRAPL(read=Kernel(tmp_path)))
