"""What is wrong with GPUs."""

from tests.exporter.gpus.node import without

from .driver_says import assert_told, field


def errors(gpu):
    """What GPUErrors is to tell."""
    return {
        ("ecc_enabled",): 1,
        ("ecc_errors_total", "corrected"): field(gpu, 3),
        ("ecc_errors_total", "uncorrected"): field(gpu, 4),
        ("ecc_lifetime_errors_total", "corrected"): field(gpu, 5),
        ("ecc_lifetime_errors_total", "uncorrected"): field(gpu, 6),
        ("retired_pages", "corrected"): field(gpu, 29),
        ("retired_pages", "uncorrected"): field(gpu, 30),
        ("retired_pages_pending",): field(gpu, 31),
        ("remapped_rows", "corrected"): field(gpu, 142),
        ("remapped_rows", "uncorrected"): field(gpu, 143),
        ("remapped_rows_pending",): field(gpu, 144),
        ("remapped_rows_failed",): field(gpu, 145),
        ("recovery_action",): field(gpu, 230),
        ("xids_total",): 0,
    }


def test_the_only_gpu_tells_its_xids_also_when_it_is_lost(node):
    """It may be why it is: there is no other GPU that keeps the sensor going."""
    del node.gpus[1:]
    node.says()
    node.values("GPUErrors")

    node.gpus[0].xids.append(79)
    node.gpus[0].loses_contact()
    node.says()

    expected = {("xids_total",): 1, ("xid_errors_total", "79"): 1, ("last_xid",): 79}
    assert expected == node.xids(0)


def test_a_lost_gpu_keeps_telling_its_xids(node):
    """The one of its loss before all, though it tells nothing else."""
    node.values("GPUErrors")
    node.gpus[2].xids.append(79)
    node.gpus[2].loses_contact()
    node.says()

    expected = {("xids_total",): 1, ("xid_errors_total", "79"): 1, ("last_xid",): 79}
    assert expected == node.of(2, "GPUErrors")
    node.later()
    assert expected == node.of(2, "GPUErrors")
    assert without("2") == node.up()


def test_a_gpu_without_events_tells_its_other_errors(node):
    """Events are not supported everywhere."""
    node.gpus[0].fails["nvmlDeviceRegisterEvents"] = 3
    node.says()

    assert {} == node.xids(0)
    assert ("ecc_enabled",) in node.of(0, "GPUErrors")
    assert {("xids_total",): 0} == node.xids(1)


def test_all_that_gpuerrors_tells_is_what_the_driver_says(node):
    """In base units."""
    assert_told(node, "GPUErrors", errors)
