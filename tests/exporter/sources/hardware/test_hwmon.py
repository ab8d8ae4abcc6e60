"""Temperatures and fans of chips: which there are, and what identifies them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.sources.hardware.hwmon import chip_inputs, chips, unique_devices

from ...memory_kernel import MemoryKernel
from ...recorded import kernel


def machine(*found):
    """Return a Kernel of chips: their number, the path of their device, and their files."""
    files, links = {}, {}
    for number, device, content in found:
        folder = f"/sys/class/hwmon/hwmon{number}"
        files |= {f"{folder}/{name}": value for name, value in content.items()}
        if device:
            links[f"{folder}/device"] = device
    return MemoryKernel(files, links)


def identities(read, kind="temp"):
    """Return the labels of all inputs of a kind."""
    return [one.labels(read) for one in chip_inputs(read, kind)]


def test_a_chip_has_the_name_of_its_device():
    """As in node_exporter, from whose fixtures these chips are."""
    expected = [
        ("platform_coretemp_0", "coretemp"),
        ("platform_coretemp_1", "coretemp"),
        ("platform_applesmc_768", "applesmc"),
        ("platform_nct6775_656", "nct6779"),
        ("pci0000:00_0000:00:18_3", "k10temp"),
        ("nvme_nvme0", "nvme"),
    ]
    assert expected == [(one.device, one.name) for one in chips(kernel("temperature"))]


@pytest.mark.parametrize(
    ("path", "device"),
    [
        ("/sys/devices/virtual/thermal/thermal_zone0", "thermal_thermal_zone0"),
        ("/sys/devices/pci0000:00/0000:00:1f.4/i2c-0/0-002E", "i2c_0_0_002e"),
        ("/sys/devices/platform/asus-nb-wmi", "platform_asus_nb_wmi"),
        ("/sys/devices/platform/thinkpad_hwmon.", "platform_thinkpad_hwmon"),
    ],
)
def test_a_device_is_named_by_the_end_of_its_path(path, device):
    """In small letters, with an underscore for what Prometheus would not allow in a name."""
    (found,) = chips(machine((0, path, {"name": "x"})))

    assert device == found.device


def test_a_sensor_has_the_number_of_its_file():
    """Whichever numbers there are; 2 comes before 10."""
    files = {"name": "nct6775", "temp10_input": 1, "temp2_input": 2, "temp3_max": 3}
    read = machine((0, "/sys/devices/platform/nct6775.656", files))

    chip = "platform_nct6775_656"
    assert [(chip, "temp2", "nct6775"), (chip, "temp10", "nct6775")] == identities(read)


@pytest.mark.parametrize(
    ("files", "label"),
    [
        ({"name": "k10temp", "temp1_label": "Tctl"}, "Tctl"),
        ({"name": "k10temp", "temp1_label": " Left side  "}, "Left side"),
        ({"name": "k10temp", "temp1_label": ""}, "k10temp"),
        ({"name": "k10temp", "temp1_label": PermissionError()}, "k10temp"),
        ({"name": OSError()}, "temp1"),
        ({}, "temp1"),
    ],
)
def test_a_label_is_what_people_call_it(files, label):
    """Without one, it is the name of the chip; it is never empty, so that all paths are alike."""
    read = machine((0, "/a/b", {"temp1_input": 1, **files}))

    assert [("a_b", "temp1", label)] == identities(read)


def test_chips_of_one_device_are_told_apart_by_their_names():
    """A Wi-Fi adapter has three (prometheus/node_exporter issue 3673)."""
    device = "/sys/devices/pci0000:00/ieee80211/phy0"
    read = machine(*((n, device, {"name": f"mt7996_phy0.{n}", "temp1_input": 1}) for n in range(2)))

    assert ["ieee80211_phy0_mt7996_phy0_0", "ieee80211_phy0_mt7996_phy0_1"] == [
        one.device for one in chips(read)
    ]


def test_a_chip_without_a_device_has_its_name_and_number():
    """That it is the only one of its name may change, so the number is always there."""
    assert {
        "hwmon0": "nvme_hwmon0",
        "hwmon1": "hwmon1",
        "hwmon2": "a_b_hwmon2",
        "hwmon3": "a_b_hwmon3",
    } == unique_devices(
        {"hwmon0": ("", "nvme"), "hwmon1": ("", ""), "hwmon2": ("a_b", ""), "hwmon3": ("a_b", "")}
    )


def test_files_of_old_drivers_are_in_the_folder_of_the_device():
    """Of each kind: temperatures may be in one folder and fans in the other."""
    files = {"name": "f71882fg", "device/fan1_input": 900, "device/fan1_label": "rear"}
    read = machine((0, "/a/b", {**files, "temp1_input": 1, "device/temp2_input": 2}))

    assert [("a_b", "fan1", "rear")] == identities(read, "fan")
    assert [("a_b", "temp1", "f71882fg")] == identities(read)
    assert [900] == [one.value(read) for one in chip_inputs(read, "fan")]


@pytest.mark.parametrize(("fault", "value"), [(1, None), (0, 300), ("x", 300), (OSError(), 300)])
def test_a_value_of_broken_hardware_is_none(fault, value):
    """The chip reports the fault, and measures anything."""
    read = machine((0, "/a/b", {"fan1_input": 300, "fan1_fault": fault}))

    assert [value] == [one.value(read) for one in chip_inputs(read, "fan")]


def test_only_declared_limits_are_yielded():
    """None is made up from the other one."""
    read = machine((0, "/a/b", {"temp1_input": 1, "temp1_crit": 90_000, "temp1_max": "N/A"}))

    assert [[("critical", 90_000)]] == [list(one.limits(read)) for one in chip_inputs(read, "temp")]


def test_without_chips_there_are_no_inputs():
    """As in most virtual machines."""
    assert [] == chip_inputs(MemoryKernel({}), "temp")


CHIPS = st.lists(
    st.tuples(
        st.sampled_from(["/sys/devices/platform", "/sys/devices/pci0000:00", "/x/nvme"]),
        st.integers(0, 30),
        st.sampled_from(["coretemp", "nvme", ""]),
        st.sets(st.integers(1, 30), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda chip: chip[:2],
)


@given(CHIPS, st.data())
def test_identities_do_not_depend_on_the_kernels_numbers(found, data):
    """Neither on the order of drivers, nor on chips that have vanished."""

    def read(chips, numbers):
        return machine(
            *(
                (
                    number,
                    f"{parent}/device.{at}",
                    {"name": name, **{f"temp{n}_input": at * 100 + n for n in sensors}},
                )
                for (parent, at, name, sensors), number in zip(chips, numbers, strict=True)
            )
        )

    def values(read):
        return {one.labels(read): one.value(read) for one in chip_inputs(read, "temp")}

    numbers = st.lists(st.integers(0, 20), min_size=len(found), max_size=len(found), unique=True)
    before = values(read(found, data.draw(numbers)))
    after = values(read(found, data.draw(numbers)))
    fewer = values(read(found[1:], range(len(found) - 1)))

    assert sum(len(sensors) for *_, sensors in found) == len(before)
    assert before == after
    assert fewer.items() <= before.items()


@given(
    st.dictionaries(
        st.integers(0, 12).map("hwmon{}".format),
        st.tuples(st.sampled_from(["", "a", "a_b"]), st.sampled_from(["", "x", "y"])),
    )
)
def test_devices_are_unique(found):
    """Whatever devices and names chips share."""
    devices = unique_devices(found)

    assert found.keys() == devices.keys()
    assert len(found) == len(set(devices.values()))
