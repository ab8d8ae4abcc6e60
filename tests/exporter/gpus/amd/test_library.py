"""AMD's GPUs and their driver: absent, failing, lost, and back again."""

import shutil
import sys

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.amd.library import AMDSMI, imported
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
    """Return whether GPUs are up, in their order, a second later."""
    node.now_s += 1
    found = values(GPUInfo(read=AllVendors(node.driver)))
    return [value for (name, *_), value in found.items() if name == "gpu_up"]


def powers(node):
    """Return the UUIDs of the GPUs that tell their power."""
    found = values(GPUPower(read=AllVendors(node.driver)))
    return {uuid for name, _, uuid, *_ in found if name == "gpu_power_watts"}


def test_nothing_is_imported_without_the_kernel_module(tmp_path):
    """A node without AMD's driver does not pay for it."""

    def load():
        raise AssertionError("the module was imported")

    with pytest.raises(SensorUnavailable, match="AMD's driver is not loaded"):
        AMDSMI(Kernel(tmp_path), load).open()
    assert "amdsmi" not in sys.modules


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ModuleNotFoundError("No module named 'amdsmi'"), r"pip install 'FrUCToSA\[amd\]'"),
        (KeyError("libamd_smi.so"), "install ROCm's amd-smi-lib"),
        (OSError("libdrm.so.2: cannot open"), "install ROCm's amd-smi-lib"),
    ],
)
def test_a_node_with_amd_displays_but_no_rocm_has_no_sensors(tmp_path, error, text):
    """That is usual, and no failure; it says what would help."""
    with pytest.raises(SensorUnavailable, match=text):
        AmdNode(tmp_path, load=raising(error)).driver.query_each(
            "GPUPower", lambda gpu: gpu.power()
        )


def test_a_module_that_does_not_fit_its_library_is_a_failure(tmp_path):
    """The library of another ROCm lacks a symbol."""
    node = AmdNode(tmp_path, load=raising(AttributeError("undefined symbol: amdsmi_x")))

    with pytest.raises(DriverError, match="the version of ROCm here"):
        powers(node)


def test_what_the_module_prints_does_not_get_into_the_page(tmp_path, capsys):
    """It prints to stdout that its library is missing, as 7.0.2 does."""

    def load():
        sys.stdout.write("Unable to find libamd_smi.so\n")
        raise KeyError("libamd_smi.so")

    with pytest.raises(SensorUnavailable):
        powers(AmdNode(tmp_path, load=load))

    assert "" == capsys.readouterr().out


def test_the_module_of_rocm_comes_first(tmp_path, monkeypatch):
    """Its structures are those of the library beside it; the search path is left as it was."""
    package = tmp_path / "share/amd_smi/amdsmi"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("OF_ROCM = True\n")
    monkeypatch.setenv("ROCM_PATH", str(tmp_path))
    before = list(sys.path)

    try:
        found = imported()
    finally:
        sys.modules.pop("amdsmi", None)

    assert found.OF_ROCM
    assert before == sys.path


def test_a_library_that_can_not_be_opened_says_why(node):
    """Without a right it says which groups are needed."""
    node.smi.init_error = AmdSmiLibraryException(10)

    with pytest.raises(DriverError, match=r"can't be opened: Error code: 10 .* render and video"):
        powers(node)


def test_a_gpu_that_the_driver_lost_is_down_and_does_not_hide_the_other(node):
    """It fell off its bus: the kernel unbinds it, the library only says "not supported"."""
    before = up(node)
    node.bound(node.smi.cards[0]).rmdir()
    node.smi.cards[0].all_raise(AmdSmiLibraryException(2))

    assert [1, 1] == before
    assert [0, 1] == up(node)
    assert {UUIDS[1]} == powers(node)


def test_a_lost_gpu_is_back_after_the_library_was_opened_again(node):
    """At most once a minute, as long as one is missing."""
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
def test_a_gpu_that_is_lost_from_the_start_is_known_by_its_index(node, code):
    """It tells no UUID; an address would name it otherwise than before."""
    node.smi.cards[0].answers["amdsmi_get_gpu_device_uuid"] = AmdSmiLibraryException(code)

    found = values(GPUInfo(read=AllVendors(node.driver)))

    assert 0 == found["gpu_up", "0", "unknown"]
    assert 1 == found["gpu_up", "1", UUIDS[1]]


def test_a_gpu_that_has_no_uuid_is_known_by_its_address(node):
    """Old boards have none."""
    node.smi.cards[0].answers["amdsmi_get_gpu_device_uuid"] = AmdSmiLibraryException(2)

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


def test_all_gpus_are_down_when_the_driver_is_unloaded_and_up_when_it_is_back(node):
    """The sensor of power says what is wrong meanwhile."""
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
def test_a_library_that_lost_its_driver_is_opened_again(node, code):
    """Not initialised, or driver not loaded: a failure of all, until a minute has passed."""
    powers(node)
    node.smi.cards[0].answers["amdsmi_get_power_cap_info"] = AmdSmiLibraryException(code)

    with pytest.raises(DriverError, match="AMD SMI no longer answers"):
        powers(node)
    node.smi.cards[0].answers |= Card().answers | {"amdsmi_get_gpu_device_uuid": UUIDS[0]}
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
    """Those of the library, and those that its Python stumbles over."""
    node.smi.cards[0].answers["amdsmi_get_power_cap_info"] = error

    found = values(GPUPower(read=AllVendors(node.driver)))

    assert ("gpu_power_limit_watts", "0", UUIDS[0]) not in found
    assert 640 == found["gpu_power_watts", "0", UUIDS[0]]


def test_an_error_of_closing_does_not_matter(node):
    """The driver went before."""
    powers(node)
    node.smi.amdsmi_shut_down = raising(AmdSmiLibraryException(32))
    node.driver._library.close()

    node.driver._library.close()

    assert not node.driver._library._is_open


def test_a_gpu_says_why_it_is_lost(node):
    """For those who look into it."""
    first, _ = node.driver._library.open()
    node.bound(node.smi.cards[0]).rmdir()

    with pytest.raises(GPULost, match="amdgpu no longer has it"):
        first.check()
