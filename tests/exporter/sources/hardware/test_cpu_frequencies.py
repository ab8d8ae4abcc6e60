"""Frequencies of processors, by the kernel's number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.sources.hardware.cpu_frequencies import (
    Frequencies,
    cpu_frequencies,
    cpu_list,
    megahertz,
)

from ...memory_kernel import BROKEN, MemoryKernel
from ...recorded import kernel

CPUS = "/sys/devices/system/cpu"


def policy(number, current, **files):
    """Return the files of a policy of cpufreq."""
    known = {"scaling_cur_freq": current, "scaling_min_freq": 1, "scaling_max_freq": 9}
    folder = f"{CPUS}/cpufreq/policy{number}"
    return {f"{folder}/{name}": value for name, value in (known | files).items()}


def current(files):
    """Return the current frequencies in kilohertz."""
    found = cpu_frequencies(MemoryKernel(files))
    return {cpu: one.current and one.current / 1e3 for cpu, one in found.items()}


def test_all_processors_of_a_policy_have_its_frequency():
    """Those that are off have none."""
    assert {
        "0": Frequencies(1.8e9, 800e6, 3e9),
        "1": Frequencies(1.8e9, 800e6, 3e9),
        "2": Frequencies(2.7e9, 800e6, 3e9),
    } == cpu_frequencies(kernel("cpu"))


def test_a_policy_without_a_list_is_of_the_processor_in_its_name():
    """With processor 1 off, 2 stays 2."""
    files = policy(0, 10) | policy(2, 30) | policy(10, 40)

    assert {"0": 10, "2": 30, "10": 40} == current(files)


def test_related_processors_that_are_on_count_without_affected_ones():
    """They may be off."""
    files = policy(0, 10, related_cpus="0 1 2 3") | {f"{CPUS}/online": "0,2-3"}

    assert {"0": 10, "2": 10, "3": 10} == current(files)


def test_a_policy_whose_processors_are_all_off_has_no_sample():
    """Its folder stays."""
    assert {"4": 20} == current(policy(0, 10, affected_cpus="") | policy(4, 20))


def test_old_kernels_have_a_folder_for_each_processor():
    """Before 4.3; folders of processors without cpufreq do not count."""
    files = {f"{CPUS}/cpu3/cpufreq/scaling_cur_freq": 30, f"{CPUS}/cpu4/online": 1}

    assert {"3": 30} == current(files)


@pytest.mark.parametrize("broken", [None, "", "<unknown>", 0, PermissionError(), OSError()])
def test_a_file_that_cannot_be_read_costs_only_its_own_value(broken):
    """The limits stay, and so do other processors."""
    read = MemoryKernel(policy(0, broken) | policy(1, 20))

    assert {
        "0": Frequencies(None, 1e3, 9e3),
        "1": Frequencies(20e3, 1e3, 9e3),
    } == cpu_frequencies(read)


def test_what_the_driver_lacks_the_hardware_may_tell():
    """In a file that often only root may read."""
    assert {"0": 7} == current(policy(0, None, cpuinfo_cur_freq=7))


CPUINFO = """\
processor\t: 0
model name\t: A processor
cpu MHz\t\t: 2445.406
cache size\t: 512 KB

processor\t: 3
cpu MHz\t\t: 3000.000
power management:

processor\t: 5
cpu MHz\t\t: Unknown
"""


def test_cpuinfo_has_frequencies_by_the_number_of_the_processor():
    """There may be gaps, and lines without a number."""
    assert {0: 2445.406e6, 3: 3e9} == megahertz(CPUINFO.encode())


def test_a_processor_with_a_policy_of_its_own_has_the_frequency_of_cpuinfo():
    """One file for all processors; the kernel measures the same for both."""
    files = policy(0, 10) | policy(3, 20, affected_cpus="3 4") | {"/proc/cpuinfo": CPUINFO}

    assert {"0": 2445406, "3": 20, "4": 20} == current(files)


def test_without_cpufreq_there_are_the_frequencies_of_cpuinfo():
    """As on virtual machines."""
    files = {"/proc/cpuinfo": CPUINFO, f"{CPUS}/cpu0/online": 1}

    assert {"0": Frequencies(2445.406e6), "3": Frequencies(3e9)} == cpu_frequencies(
        MemoryKernel(files)
    )


def test_without_both_there_are_none():
    """As on virtual machines of other processors, which have a clock in cpuinfo at most."""
    assert {} == current({"/proc/cpuinfo": "processor\t: 0\nclock\t: 3000.000000MHz\n"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 1 2", [0, 1, 2]),
        ("0-2,5\n", [0, 1, 2, 5]),
        ("", []),
        ("x 3 -1 2- 4-5-6", [3]),
        ("3-1", []),
    ],
)
def test_lists_of_processors_are_parsed(text, expected):
    """What is invalid is left out."""
    assert expected == cpu_list(text)


def test_lists_of_processors_are_bounded():
    """A line of a few bytes does not fill the memory."""
    assert 65_536 == len(cpu_list("0-999999," * 50))


@given(st.lists(st.tuples(st.integers(0, 9), BROKEN), max_size=3), st.data())
def test_processors_keep_their_values_whatever_other_files_answer(broken, data):
    """A processor has its own frequency or none."""
    numbers = data.draw(st.sets(st.integers(0, 9), min_size=1))
    files = {}
    for number in numbers:
        files |= policy(number, 100 + number)
    for number, content in broken:
        files |= policy(number, content) if number in numbers else {}

    found = current(files)

    assert found.keys() == {str(number) for number in numbers}
    lost = {number for number, _ in broken}
    assert all(
        value == 100 + int(cpu) or (value is None and int(cpu) in lost)
        for cpu, value in found.items()
    )


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_as_cpuinfo(content):
    """Nothing is raised."""
    assert all(hertz > 0 for hertz in megahertz(content).values())
