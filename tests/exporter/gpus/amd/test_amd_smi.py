"""AMD SMI: loading, opening, closing and reopening."""

import re
import shutil
import sys

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.amd.amd_smi import (
    AMDSMI,
    NO_DRIVER,
    NO_LIBRARY,
    NO_MODULE,
    import_amdsmi,
)
from fructosa_exporter.gpus.driver import REOPEN_S, DriverError, GPULost
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.gpu.info import GPUInfo
from fructosa_exporter.sensors.gpu.power import GPUPower
from tests.exporter.gpus.amd.fake_amdsmi import (
    UUIDS,
    AmdNode,
    AmdSmiKeyException,
    AmdSmiLibraryException,
    AmdSmiParameterException,
    AmdSmiRetryException,
    AmdSmiTimeoutException,
    Card,
    card,
    raising,
)
from tests.exporter.machine import values


@pytest.fixture
def node(tmp_path):
    """A node with two GPUs."""
    return AmdNode(tmp_path, *map(card, range(2)))


def up(node):
    """Return whether GPUs are up, in order, one second later."""
    node.now_s += 1
    found = values(GPUInfo(read=AllVendors(node.driver)))
    return [value for (name, *_), value in found.items() if name == "gpu_up"]


def powers(node):
    """Return the UUIDs of the GPUs with a power."""
    found = values(GPUPower(read=AllVendors(node.driver)))
    return {uuid for name, _, uuid, *_ in found if name == "gpu_power_watts"}


def test_nothing_is_imported_without_the_kernel_module(tmp_path):
    """A node without AMD's driver has no cost."""

    def load():
        raise AssertionError("the module was imported")

    with pytest.raises(SensorUnavailable, match=NO_DRIVER):
        AMDSMI(Kernel(tmp_path), load).open()
    assert "amdsmi" not in sys.modules


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ModuleNotFoundError("No module named 'amdsmi'"), NO_MODULE),
        (KeyError("libamd_smi.so"), NO_LIBRARY),
        (OSError("libdrm.so.2: cannot open"), NO_LIBRARY),
    ],
)
def test_sensors_are_unavailable_without_rocm(tmp_path, error, text):
    """As on nodes with AMD displays; the message says what to install."""
    with pytest.raises(SensorUnavailable, match=re.escape(text)):
        AmdNode(tmp_path, load=raising(error)).driver.query_each(
            "GPUPower", lambda gpu: gpu.power()
        )


def test_a_module_of_another_version_than_its_library_is_a_failure(tmp_path):
    """The library of another ROCm lacks a symbol."""
    node = AmdNode(tmp_path, load=raising(AttributeError("undefined symbol: amdsmi_x")))

    with pytest.raises(DriverError, match="matches the installed version of ROCm"):
        powers(node)


def test_the_module_prints_nothing_to_stdout(tmp_path, capsys):
    """7.0.2 prints that its library is missing."""

    def load():
        sys.stdout.write("Unable to find libamd_smi.so\n")
        raise KeyError("libamd_smi.so")

    with pytest.raises(SensorUnavailable):
        powers(AmdNode(tmp_path, load=load))

    assert "" == capsys.readouterr().out


def test_the_module_of_rocm_is_preferred(tmp_path, monkeypatch):
    """It matches the library beside it; sys.path is restored."""
    package = tmp_path / "share/amd_smi/amdsmi"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("OF_ROCM = True\n")
    monkeypatch.setenv("ROCM_PATH", str(tmp_path))
    before = list(sys.path)

    try:
        found = import_amdsmi()
    finally:
        sys.modules.pop("amdsmi", None)

    assert found.OF_ROCM
    assert before == sys.path


def test_a_library_that_can_not_be_opened_is_a_failure(node):
    """Without permission the message names the required groups."""
    node.smi.init_error = AmdSmiLibraryException(10)

    with pytest.raises(DriverError, match=r"cannot be opened: Error code: 10 .* render and video"):
        powers(node)


def test_an_unbound_gpu_is_down_and_does_not_hide_the_other(node):
    """It fell off the bus: the kernel unbinds it, but the library only returns "not supported"."""
    before = up(node)
    node.bound(node.smi.cards[0]).rmdir()
    node.smi.cards[0].all_raise(AmdSmiLibraryException(2))

    assert [1, 1] == before
    assert [0, 1] == up(node)
    assert {UUIDS[1]} == powers(node)


def test_a_lost_gpu_is_up_after_the_library_is_reopened(node):
    """At most once a minute while one is lost."""
    up(node)
    node.bound(node.smi.cards[0]).rmdir()
    up(node)
    node.bound(node.smi.cards[0]).mkdir()
    soon = up(node)
    node.now_s += REOPEN_S

    later = up(node)

    assert [0, 1] == soon
    assert [1, 1] == later
    assert 2 == node.smi.calls.count("amdsmi_init")
    assert 1 == node.smi.calls.count("amdsmi_shut_down")


@pytest.mark.parametrize("code", [8, 12, 31, 54])
def test_a_gpu_that_never_responded_is_known_by_its_index(node, code):
    """It has no UUID, and the address would later become another one."""
    node.smi.cards[0].results["amdsmi_get_gpu_device_uuid"] = AmdSmiLibraryException(code)

    found = values(GPUInfo(read=AllVendors(node.driver)))

    assert 0 == found["gpu_up", "0", "unknown"]
    assert 1 == found["gpu_up", "1", UUIDS[1]]


def test_a_gpu_that_has_no_uuid_is_known_by_its_address(node):
    """As with old boards."""
    node.smi.cards[0].results["amdsmi_get_gpu_device_uuid"] = AmdSmiLibraryException(2)

    assert {"0000:c0:00.0", UUIDS[1]} == powers(node)


def test_a_new_gpu_is_found_within_a_minute(node):
    """The kernel has bound one more."""
    up(node)
    new = Card(amdsmi_get_gpu_device_bdf="0000:c2:00.0", amdsmi_get_gpu_device_uuid="new")
    node.bound(new).mkdir()
    up(node)
    node.smi.cards = [*node.smi.cards, new]
    node.now_s += REOPEN_S

    assert {*UUIDS, "new"} == powers(node)


def test_all_gpus_are_down_while_the_driver_is_unloaded(node):
    """Meanwhile the sensor of power fails with the reason."""
    before = up(node)
    shutil.rmtree(node.root / "sys/module/amdgpu")

    unloaded = up(node)
    with pytest.raises(DriverError, match="no longer loaded"):
        powers(node)
    node.now_s += REOPEN_S
    still = up(node)
    (node.root / "sys/module/amdgpu/parameters").mkdir(parents=True)
    node.now_s += REOPEN_S

    assert [1, 1] == before
    assert [0, 0] == unloaded == still
    assert [1, 1] == up(node)


@pytest.mark.parametrize("code", [18, 32, 34])
def test_a_library_that_lost_its_driver_is_reopened(node, code):
    """Not initialized, or driver not loaded: all sensors fail for a minute."""
    powers(node)
    node.smi.cards[0].results["amdsmi_get_power_cap_info"] = AmdSmiLibraryException(code)

    with pytest.raises(DriverError, match="AMD SMI no longer responds"):
        powers(node)
    node.smi.cards[0].results |= Card().results | {"amdsmi_get_gpu_device_uuid": UUIDS[0]}
    node.now_s += REOPEN_S

    assert set(UUIDS) == powers(node)


@pytest.mark.parametrize(
    "error",
    [
        AmdSmiRetryException(),
        AmdSmiTimeoutException(),
        AmdSmiParameterException(1, int),
        AmdSmiKeyException("clk"),
        AmdSmiLibraryException(-2),
        KeyError(7),
        ValueError("invalid literal for int() with base 16: 'N/A'"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    ],
)
def test_errors_of_one_call_cost_only_its_samples(node, error):
    """Those of the library, and those of its Python code."""
    node.smi.cards[0].results["amdsmi_get_power_cap_info"] = error

    found = values(GPUPower(read=AllVendors(node.driver)))

    assert ("gpu_power_limit_watts", "0", UUIDS[0]) not in found
    assert 640 == found["gpu_power_watts", "0", UUIDS[0]]


def test_an_error_on_closing_is_ignored(node):
    """The driver is gone already."""
    powers(node)
    node.smi.amdsmi_shut_down = raising(AmdSmiLibraryException(32))
    node.driver._library.close()

    node.driver._library.close()

    assert not node.driver._library._is_open


def test_a_lost_gpu_has_a_reason(node):
    """For debugging."""
    first, _ = node.driver._library.open()
    node.bound(node.smi.cards[0]).rmdir()

    with pytest.raises(GPULost, match="no longer bound to the driver amdgpu"):
        first.check()
