"""The sensor GPUErrors."""

from tests.exporter.gpus.node import without

from .expected import assert_exposed, field


def errors(gpu):
    """Return the expected values of GPUErrors."""
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


def test_the_xids_of_the_only_gpu_are_exposed_after_it_is_lost(node):
    """They may be the reason; no other GPU responds."""
    del node.gpus[1:]
    node.update_driver()
    node.values("GPUErrors")

    node.gpus[0].xids.append(79)
    node.gpus[0].loses_contact()
    node.update_driver()

    expected = {("xids_total",): 1, ("xid_errors_total", "79"): 1, ("last_xid",): 79}
    assert expected == node.xids(0)


def test_the_xids_of_a_lost_gpu_are_exposed(node):
    """In particular that of its loss; it has no other values."""
    node.values("GPUErrors")
    node.gpus[2].xids.append(79)
    node.gpus[2].loses_contact()
    node.update_driver()

    expected = {("xids_total",): 1, ("xid_errors_total", "79"): 1, ("last_xid",): 79}
    assert expected == node.values_of(2, "GPUErrors")
    node.advance()
    assert expected == node.values_of(2, "GPUErrors")
    assert without("2") == node.up()


def test_other_errors_of_a_gpu_without_events_are_exposed(node):
    """Events are not supported everywhere."""
    node.gpus[0].fails["nvmlDeviceRegisterEvents"] = 3
    node.update_driver()

    assert {} == node.xids(0)
    assert ("ecc_enabled",) in node.values_of(0, "GPUErrors")
    assert {("xids_total",): 0} == node.xids(1)


def test_gpuerrors_exposes_the_values_of_the_driver(node):
    """In base units."""
    assert_exposed(node, "GPUErrors", errors)
