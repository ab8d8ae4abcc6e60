"""PCIe and NVLink of GPUs."""

import pytest

from .driver_says import assert_told, field, of_all, said

KIB, MIB, GIB = 2**10, 2**20, 2**30


def pcie(gpu):
    """What GPUPcie is to tell."""
    return {
        ("pcie_replays_total",): field(gpu, 94),
        ("pcie_link_generation",): said(gpu, "CurrPcieLinkGeneration"),
        ("pcie_link_generation_max",): 4,
        ("pcie_link_lanes",): said(gpu, "CurrPcieLinkWidth"),
        ("pcie_link_lanes_max",): 16,
    }


def nvlink(gpu):
    """What GPUNVLink is to tell."""
    found = {}
    for link in range(field(gpu, 91)):
        name = str(link)
        found["nvlink_up", name] = field(gpu, 165, link)
        found["nvlink_transmit_bytes_total", name] = field(gpu, 138, link) * KIB
        found["nvlink_receive_bytes_total", name] = field(gpu, 139, link) * KIB
        for error, number in (("replay", 161), ("recovery", 162), ("crc", 163)):
            found["nvlink_errors_total", name, error] = field(gpu, number, link)
    return found


@pytest.mark.parametrize("most", [143, 12])
def test_a_driver_that_takes_few_fields_at_once_is_asked_link_by_link(node, most):
    """None is known; it would look like one without NVLink. There are twelve links of twelve."""
    for gpu in node.gpus:
        gpu.most_fields = most
    node.says()
    expected = of_all(node, nvlink)

    for _ in range(4):
        assert expected == node.values("GPUNVLink")


def test_hopper_counts_bytes_on_pcie(node):
    """And tells them from driver 560 on."""
    node.gpus[1].fields |= {(197, 0): 12_345, (198, 0): 54_321}
    node.says()

    told = node.of(1, "GPUPcie")

    assert 12_345 == told["pcie_transmit_bytes_total",]
    assert 54_321 == told["pcie_receive_bytes_total",]


def test_rates_of_pcie_are_measured_on_request_only(node):
    """As the driver takes its time for them."""
    told = node.of(3, "GPUPcie", rates=True)

    assert 1_003_000 == told["pcie_transmit_bytes_per_second",]
    assert 2_003_000 == told["pcie_receive_bytes_per_second",]
    before = node.calls("nvmlDeviceGetPcieThroughput")
    node.of(3, "GPUPcie")
    assert before == node.calls("nvmlDeviceGetPcieThroughput")


def test_all_that_gpupcie_tells_is_what_the_driver_says(node):
    """In base units."""
    assert_told(node, "GPUPcie", pcie)


def test_all_that_gpunvlink_tells_is_what_the_driver_says(node):
    """In base units."""
    assert_told(node, "GPUNVLink", nvlink)
