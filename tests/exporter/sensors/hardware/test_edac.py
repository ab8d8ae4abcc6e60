"""The sensor EDAC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.hardware.edac import EDAC, NO_DRIVER

from ...machine import values
from ...recorded import changed, kernel

MC0 = "/sys/devices/system/edac/mc/mc0"


def test_controllers_and_dimms_have_error_counts():
    """The same errors by chip row are not counted again."""
    expected = {
        ("edac_corrected_errors_total", "mc0"): 5,
        ("edac_uncorrected_errors_total", "mc0"): 0,
        ("edac_corrected_unlocated_errors_total", "mc0"): 0,
        ("edac_uncorrected_unlocated_errors_total", "mc0"): 0,
        ("edac_dimm_corrected_errors_total", "mc0", "dimm0"): 1,
        ("edac_dimm_uncorrected_errors_total", "mc0", "dimm0"): 0,
        ("edac_dimm_info", "mc0", "dimm0", "N0 DIMM_A0", "card 0 module 0"): 1,
        ("edac_dimm_corrected_errors_total", "mc0", "dimm6"): 2,
        ("edac_dimm_uncorrected_errors_total", "mc0", "dimm6"): 0,
        ("edac_dimm_info", "mc0", "dimm6", "N0 DIMM_G0", "card 6 module 0"): 1,
        ("edac_corrected_errors_total", "mc1"): 4,
        ("edac_uncorrected_errors_total", "mc1"): 0,
        ("edac_corrected_unlocated_errors_total", "mc1"): 0,
        ("edac_uncorrected_unlocated_errors_total", "mc1"): 0,
        ("edac_dimm_corrected_errors_total", "mc1", "dimm6"): 2,
        ("edac_dimm_uncorrected_errors_total", "mc1", "dimm6"): 0,
        ("edac_dimm_info", "mc1", "dimm6", "N1 DIMM_O0", ""): 1,
    }
    assert expected == values(EDAC(read=kernel("edac")))


def test_ranks_are_exposed_if_there_are_no_dimms():
    """Files that the controller lacks are absent."""
    expected = {
        ("edac_corrected_errors_total", "mc0"): 0,
        ("edac_corrected_unlocated_errors_total", "mc0"): 0,
        ("edac_dimm_corrected_errors_total", "mc0", "rank5"): 0,
        ("edac_dimm_uncorrected_errors_total", "mc0", "rank5"): 0,
        ("edac_dimm_info", "mc0", "rank5", "mc#0csrow#2channel#1", "csrow 2 channel 1"): 1,
        ("edac_dimm_corrected_errors_total", "mc0", "rank7"): 0,
        ("edac_dimm_uncorrected_errors_total", "mc0", "rank7"): 0,
        ("edac_dimm_info", "mc0", "rank7", "mc#0csrow#3channel#1", "csrow 3 channel 1"): 1,
    }
    assert expected == values(EDAC(read=kernel("edac_ranks")))


def test_older_kernels_count_by_row_and_channel():
    """The corrected errors of a row are those of its channels and are not counted twice."""
    expected = {
        ("edac_corrected_errors_total", "mc0"): 1,
        ("edac_corrected_unlocated_errors_total", "mc0"): 2,
        ("edac_uncorrected_errors_total", "mc0"): 5,
        ("edac_uncorrected_unlocated_errors_total", "mc0"): 6,
        ("edac_dimm_corrected_errors_total", "mc0", "csrow0"): 3,
        ("edac_dimm_uncorrected_errors_total", "mc0", "csrow0"): 4,
        ("edac_dimm_corrected_errors_total", "mc0", "csrow1/ch0"): 7,
        ("edac_dimm_corrected_errors_total", "mc0", "csrow1/ch1"): 2,
        ("edac_dimm_uncorrected_errors_total", "mc0", "csrow1"): 0,
    }
    assert expected == values(EDAC(read=kernel("edac_rows")))


def test_rows_are_exposed_if_dimms_have_no_counts(tmp_path):
    """As between Linux 3.6 and 4.9, which already had the folders of DIMMs."""
    files = {
        f"{MC0}/{dimm}/dimm_{kind}_count": None
        for dimm in ("dimm0", "dimm6")
        for kind in ("ce", "ue")
    }

    found = values(EDAC(read=changed("edac", tmp_path, files)))

    assert found["edac_dimm_corrected_errors_total", "mc0", "csrow0/ch0"] == 1
    assert "edac_dimm_info" not in {key[0] for key in found if key[1] == "mc0"}


def test_labels_of_dimms_need_not_be_unique(tmp_path):
    """The name of the folder makes the series unique."""
    changed("edac", tmp_path, {f"{MC0}/dimm0/dimm_label": 'a "\\\nb'})
    (tmp_path / MC0.lstrip("/") / "dimm6/dimm_label").write_bytes(b"\xff")
    (tmp_path / MC0.lstrip("/") / "../mc1/dimm6/dimm_label").write_bytes(b"\xff")

    found = values(EDAC(read=Kernel(tmp_path)))

    labels = {key[1:4] for key in found if key[0] == "edac_dimm_info"}
    expected = {
        ("mc0", "dimm0", 'a "\\\nb'),
        ("mc0", "dimm6", "\udcff"),
        ("mc1", "dimm6", "\udcff"),
    }
    assert expected == labels


@pytest.mark.parametrize("content", [None, "", "N/A", "-1", "1 2", "9" * 400, "9" * 5000, "\x00"])
def test_an_invalid_count_costs_only_itself(tmp_path, content):
    """It is not zero."""
    files = {f"{MC0}/ce_count": content, f"{MC0}/dimm0/dimm_ue_count": content}

    found = values(EDAC(read=changed("edac", tmp_path, files)))

    assert len(found) == 15
    assert ("edac_corrected_errors_total", "mc0") not in found
    assert ("edac_dimm_uncorrected_errors_total", "mc0", "dimm0") not in found


def test_a_folder_that_is_removed_while_it_is_read_costs_only_itself(tmp_path):
    """A DIMM and a controller that are listed, but are broken links."""
    changed("edac", tmp_path, {})
    folder = tmp_path / MC0.lstrip("/")
    (folder / "dimm7").symlink_to("gone")
    (folder.parent / "mc2").symlink_to("gone")

    assert values(EDAC(read=kernel("edac"))) == values(EDAC(read=Kernel(tmp_path)))


def test_an_empty_slot_is_ignored(tmp_path):
    """So is a folder that is not a DIMM."""
    files = {
        f"{MC0}/dimm9/dimm_label": "empty",
        f"{MC0}/power/control": "auto",
        f"{MC0}/dimmer/dimm_ce_count": "1",
        "/sys/devices/system/edac/mc/power/control": "auto",
    }

    found = values(EDAC(read=changed("edac", tmp_path, files)))

    assert values(EDAC(read=kernel("edac"))) == found


def test_the_sensor_is_unavailable_without_a_controller(tmp_path):
    """With and without the core of EDAC loaded."""
    with pytest.raises(SensorUnavailable, match=NO_DRIVER):
        values(EDAC(read=Kernel(tmp_path)))

    (tmp_path / "sys/devices/system/edac/mc/power").mkdir(parents=True)
    with pytest.raises(SensorUnavailable, match=NO_DRIVER):
        values(EDAC(read=Kernel(tmp_path)))


class Saying(Kernel):
    """A kernel with one controller and one DIMM, where all files have the same content."""

    def __init__(self, text):
        super().__init__()
        self._text = text

    def names(self, folder):
        """Return the name of the controller, or of its content."""
        return {"mc": ["mc0"], "mc0": ["csrow0", "dimm0"]}.get(folder.rpartition("/")[2], [])

    def text(self, path):
        """Return the same text for every *path*."""
        return self._text


@given(st.text() | st.integers().map(str))
def test_any_content_is_parsed(text):
    """The values are never negative."""
    assert all(value >= 0 for value in values(EDAC(read=Saying(text))).values())
