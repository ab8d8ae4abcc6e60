"""The sensors GPUPcie and GPUNVLink."""

import pytest

from .expected import answer, assert_exposed, field, for_all_gpus

KIB, MIB, GIB = 2**10, 2**20, 2**30


def pcie(gpu):
    """Return the expected values of GPUPcie."""
    return {
        ("pcie_replays_total",): field(gpu, 94),
        ("pcie_link_generation",): answer(gpu, "CurrPcieLinkGeneration"),
        ("pcie_link_generation_max",): 4,
        ("pcie_link_lanes",): answer(gpu, "CurrPcieLinkWidth"),
        ("pcie_link_lanes_max",): 16,
    }


def nvlink(gpu):
    """Return the expected values of GPUNVLink."""
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
def test_links_are_queried_one_by_one_if_the_driver_takes_few_fields(node, most):
    """No such driver is known; it would look like one without NVLink."""
    for gpu in node.gpus:
        gpu.most_fields = most
    node.update_driver()
    expected = for_all_gpus(node, nvlink)

    for _ in range(4):
        assert expected == node.values("GPUNVLink")


def test_hopper_has_pcie_byte_counters(node):
    """With driver 560 or newer."""
    node.gpus[1].fields |= {(197, 0): 12_345, (198, 0): 54_321}
    node.update_driver()

    values = node.values_of(1, "GPUPcie")

    assert 12_345 == values["pcie_transmit_bytes_total",]
    assert 54_321 == values["pcie_receive_bytes_total",]


def test_pcie_rates_are_measured_only_with_the_option_rates(node):
    """The driver is slow to measure them."""
    values = node.values_of(3, "GPUPcie", rates=True)

    assert 1_003_000 == values["pcie_transmit_bytes_per_second",]
    assert 2_003_000 == values["pcie_receive_bytes_per_second",]
    before = node.calls("nvmlDeviceGetPcieThroughput")
    node.values_of(3, "GPUPcie")
    assert before == node.calls("nvmlDeviceGetPcieThroughput")


def test_gpupcie_exposes_the_values_of_the_driver(node):
    """In base units."""
    assert_exposed(node, "GPUPcie", pcie)


def test_gpunvlink_exposes_the_values_of_the_driver(node):
    """In base units."""
    assert_exposed(node, "GPUNVLink", nvlink)
