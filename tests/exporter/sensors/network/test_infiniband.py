"""The sensor InfiniBand."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.network.infiniband import NO_ADAPTER, InfiniBand, InfiniBandOptions
from fructosa_exporter.sources.hardware_counts import AGAIN_S

from ...machine import values
from ...recorded import changed, kernel

HFI = "/sys/class/infiniband/hfi1_0/ports/1"
MLX = "/sys/class/infiniband/mlx4_0/ports/2"


def port_values(found, device):
    """Return the values of the only port of a *device*, by metric name and further labels."""
    return {
        (key[0].removeprefix("infiniband_"), *key[3:]): value
        for key, value in found.items()
        if key[1] == device
    }


def test_link_traffic_and_errors_of_a_port():
    """Data is converted from units of four bytes, and the rate from bits."""
    found = values(InfiniBand(read=kernel("infiniband")))

    expected = {
        ("up",): 1,
        ("port_info", "ACTIVE", "LinkUp", "InfiniBand"): 1,
        ("rate_bytes_per_second",): 5e9,
        ("transmit_bytes_total",): 26540356890 * 4,
        ("receive_bytes_total",): 2460436784 * 4,
        ("transmit_packets_total",): 88622850,
        ("receive_packets_total",): 89332064,
        ("symbol_errors_total",): 0,
        ("link_recoveries_total",): 0,
        ("link_downs_total",): 0,
        ("link_integrity_errors_total",): 0,
        ("receive_errors_total",): 0,
        ("receive_remote_errors_total",): 0,
        ("receive_constraint_errors_total",): 0,
        ("transmit_constraint_errors_total",): 0,
        ("transmit_discards_total",): 0,
        ("transmit_wait_ticks_total",): 3846,
        ("buffer_overrun_errors_total",): 0,
        ("management_drops_total",): 0,
    }
    assert expected == port_values(found, "mlx4_0")
    assert port_values(found, "hfi1_0")["rate_bytes_per_second",] == 12.5e9
    assert port_values(found, "hfi1_0")["receive_bytes_total",] == 345091702026 * 4
    assert ("infiniband_up", "mlx4_0", "2") in found


def test_an_adapter_without_counters_has_only_its_link():
    """Counters that are not available are absent, not zero."""
    found = values(InfiniBand(read=kernel("infiniband")))

    expected = {
        ("up",): 1,
        ("port_info", "ACTIVE", "LinkUp", "InfiniBand"): 1,
        ("rate_bytes_per_second",): 1.25e9,
    }
    assert expected == port_values(found, "i40iw0")


def test_an_adapter_without_a_folder_of_counters_has_only_its_link(tmp_path):
    """As with irdma."""
    read = changed("infiniband", tmp_path, {f"{MLX}/counters": None})

    assert len(port_values(values(InfiniBand(read=read)), "mlx4_0")) == 3


@pytest.mark.parametrize(
    ("state", "up", "has_rate"),
    [("1: DOWN", 0, False), ("2: INIT", 0, True), ("3: ARMED", 0, True), ("4: ACTIVE", 1, True)],
)
def test_a_port_that_is_not_active_is_not_up(tmp_path, state, up, has_rate):
    """The kernel reports a rate even for a link that is down; it is not exposed."""
    files = {f"{MLX}/state": state, f"{MLX}/phys_state": "2: Polling"}

    found = port_values(values(InfiniBand(read=changed("infiniband", tmp_path, files))), "mlx4_0")

    assert up == found["up",]
    assert ("port_info", state.split()[1], "Polling", "InfiniBand") in found
    assert has_rate == (("rate_bytes_per_second",) in found)
    assert ("link_downs_total",) in found


@pytest.mark.parametrize("state", ["", "ACTIVE", "four: ACTIVE", "9999: X", "²: DOWN", ":"])
def test_an_invalid_state_is_absent(tmp_path, state):
    """It is neither up nor down; the counters are exposed."""
    read = changed("infiniband", tmp_path, {f"{MLX}/state": state})

    found = port_values(values(InfiniBand(read=read)), "mlx4_0")

    assert len(found) == 16
    assert ("up",) not in found


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("2.5 Gb/sec (1X SDR)", 0.3125e9),
        ("56 Gb/sec (4X FDR)", 7e9),
        ("800 Gb/sec (4X XDR)", 100e9),
        ("N/A", None),
        ("", None),
        ("fast Gb/sec", None),
        ("-1 Gb/sec", None),
        (f"{'9' * 400} Gb/sec", None),
        ("1.2.3 Gb/sec", None),
    ],
)
def test_the_rate_is_in_bytes_per_second(tmp_path, rate, expected):
    """An invalid rate is absent."""
    read = changed("infiniband", tmp_path, {f"{MLX}/rate": rate})

    found = port_values(values(InfiniBand(read=read)), "mlx4_0")

    assert expected == found.get(("rate_bytes_per_second",))


@pytest.mark.parametrize(
    "content", ["", "N/A", "-1", "1 2", "9" * 400, str(2**64 - 1), "1.5", "\x00"]
)
def test_an_invalid_counter_costs_only_itself(tmp_path, content):
    """Including one with all bits set, as of an adapter that fell off the bus."""
    files = {f"{MLX}/counters/port_rcv_data": content, f"{MLX}/counters/symbol_error": content}

    found = port_values(values(InfiniBand(read=changed("infiniband", tmp_path, files))), "mlx4_0")

    assert len(found) == 17
    assert not {("receive_bytes_total",), ("symbol_errors_total",)} & found.keys()


def test_older_kernels_have_64_bit_counters_in_counters_ext(tmp_path):
    """The 32-bit counters of the same names have reached their maximum."""
    files = {
        f"{MLX}/counters/port_xmit_data": str(2**32 - 1),
        f"{MLX}/counters_ext/port_xmit_data_64": "4294967296",
        f"{MLX}/counters_ext/port_xmit_packets_64": "77",
    }

    found = port_values(values(InfiniBand(read=changed("infiniband", tmp_path, files))), "mlx4_0")

    assert found["transmit_bytes_total",] == 2**34
    assert found["transmit_packets_total",] == 77
    assert found["receive_packets_total",] == 89332064


def test_a_roce_adapter_has_its_traffic_in_hw_counters():
    """In bytes, not in units of four; with what tells of congestion. Gauges are not counters."""
    found = port_values(values(InfiniBand(read=kernel("infiniband"))), "bnxt_re0")

    expected = {
        ("up",): 1,
        ("port_info", "ACTIVE", "LinkUp", "Ethernet"): 1,
        ("rate_bytes_per_second",): 12.5e9,
        ("transmit_bytes_total",): 7_000_000,
        ("receive_bytes_total",): 5_000_000,
        ("transmit_packets_total",): 7100,
        ("receive_packets_total",): 5100,
        ("ecn_marked_packets_total",): 11,
        ("congestion_notifications_sent_total",): 12,
        ("congestion_notifications_received_total",): 13,
        ("out_of_sequence_packets_total",): 14,
        ("acknowledgement_timeouts_total",): 15,
        ("receive_drops_total",): 16,
    }
    assert expected == found


@pytest.mark.parametrize(
    ("files", "traffic"),
    [
        ({"tx_bytes": 1, "rx_bytes": 2, "tx_pkts": 3, "rx_pkts": 4}, [1, 2, 3, 4]),  # efa
        ({"tx_bytes": 1, "rx_bytes": 2, "tx_packets": 3, "rx_packets": 4}, [1, 2, 3, 4]),  # mana
        (
            {
                "tx_bytes_cnt": 1,
                "rx_bytes_cnt": 2,
                "tx_packets_cnt": 3,
                "rx_packets_cnt": 4,
            },  # erdma
            [1, 2, 3, 4],
        ),
        (
            {
                "ip4OutOctets": 1,
                "ip6OutOctets": 10,
                "ip4InOctets": 2,
                "ip6InOctets": 20,
                "ip4OutPkts": 3,
                "ip6OutPkts": 30,
                "ip4InPkts": 4,
                "ip6InPkts": 40,
            },  # irdma
            [11, 22, 33, 44],
        ),
        ({"ip4OutOctets": 1, "ip4InOctets": 2}, [1, 2, None, None]),
        ({"sent_pkts": 3, "rcvd_pkts": 4}, [None, None, 3, 4]),  # rxe
        ({"tx_rdma_ucast_bytes": 1, "rx_rdma_ucast_bytes": 2}, [1, 2, None, None]),  # ionic
    ],
)
def test_drivers_name_traffic_differently(tmp_path, files, traffic):
    """Adapters for IP count IPv4 and IPv6 apart."""
    folder = "/sys/class/infiniband/i40iw0/ports/1/hw_counters"
    read = changed(
        "infiniband", tmp_path, {f"{folder}/{name}": str(count) for name, count in files.items()}
    )

    found = port_values(values(InfiniBand(read=read)), "i40iw0")

    names = [
        f"{way}_{unit}_total" for unit in ("bytes", "packets") for way in ("transmit", "receive")
    ]
    assert traffic == [found.get((name,)) for name in names]


def test_counters_have_precedence_over_hw_counters(tmp_path):
    """If they can't be read now, those of another source do not take their place."""
    files = {f"{MLX}/hw_counters/{way}_bytes": "5" for way in ("tx", "rx")}
    read = changed("infiniband", tmp_path, files | {f"{MLX}/counters/port_rcv_data": None})
    (tmp_path / f"{MLX}/counters/port_rcv_data".lstrip("/")).mkdir()

    found = port_values(values(InfiniBand(read=read)), "mlx4_0")

    assert 26540356890 * 4 == found["transmit_bytes_total",]
    assert ("receive_bytes_total",) not in found


@pytest.mark.parametrize(
    ("options", "devices"),
    [
        ({"include": ("mlx*", "hfi*")}, {"mlx4_0", "hfi1_0"}),
        ({"exclude": ("i40iw?", "bnxt*")}, {"mlx4_0", "hfi1_0"}),
        ({"include": ("mlx*",), "exclude": ("*_0",)}, set()),
    ],
)
def test_adapters_are_selected_by_name(options, devices):
    """As interfaces and disks are."""
    sensor = InfiniBand(InfiniBandOptions(**options), read=kernel("infiniband"))

    assert devices == {key[1] for key in values(sensor)}


class Refusing(Kernel):
    """A recorded kernel that refuses to read some counters, and counts attempts to read them."""

    def __init__(self, root, error):
        super().__init__(root)
        self.error, self.attempts = error, 0

    def text(self, path):
        """Raise the error for counters of errors."""
        if self.error and path.endswith("counters/symbol_error"):
            self.attempts += 1
            raise OSError(self.error, os.strerror(self.error))
        return super().text(path)


@pytest.mark.parametrize(
    ("error", "attempts"), [(errno.EINVAL, 4), (errno.EOPNOTSUPP, 4), (errno.EIO, 12)]
)
def test_a_counter_that_an_adapter_does_not_have_is_not_asked_at_each_reading(error, attempts):
    """Each time would take as long as a counter; after another error it is."""
    read, now_s = Refusing(kernel("infiniband").path(""), error), [1000.0]
    sensor = InfiniBand(read=read)
    sensor.clock = lambda: now_s[0]

    for _ in range(3):
        assert not [key for key in values(sensor) if "symbol_errors" in key[0]]
    assert attempts == read.attempts  # of four ports

    now_s[0] += AGAIN_S
    read.error = None
    assert 2 == len([key for key in values(sensor) if "symbol_errors" in key[0]])


def test_a_device_that_is_removed_while_it_is_read_costs_only_itself(tmp_path):
    """Its folder is listed, but is a broken link; a file of another one can't be read."""
    changed("infiniband", tmp_path, {f"{HFI}/state": None, f"{HFI}/counters/port_rcv_data": None})
    (tmp_path / f"{HFI}/counters/port_rcv_data".lstrip("/")).mkdir()
    (tmp_path / "sys/class/infiniband/gone").symlink_to("../../devices/gone")
    (tmp_path / f"{MLX}/../3".lstrip("/")).symlink_to("gone")

    found = values(InfiniBand(read=Kernel(tmp_path)))

    ports = {("hfi1_0", "1"), ("mlx4_0", "2"), ("i40iw0", "1"), ("bnxt_re0", "1")}
    assert ports == {key[1:3] for key in found}
    assert len(port_values(found, "hfi1_0")) == 15


def test_names_with_invalid_utf8_are_exposed(tmp_path):
    """Those of devices and of link layers."""
    changed("infiniband", tmp_path, {})
    folder = tmp_path / "sys/class/infiniband"
    (folder / "hfi1_0").rename(folder / os.fsdecode(b"hfi\xff"))
    (folder / "mlx4_0/ports/2/link_layer").write_bytes(b"\xffthernet\n")

    found = values(InfiniBand(read=Kernel(tmp_path)))

    assert found["infiniband_up", "hfi\udcff", "1"] == 1
    assert found["infiniband_port_info", "mlx4_0", "2", "ACTIVE", "LinkUp", "\udcffthernet"] == 1


def test_the_sensor_is_unavailable_without_adapters(tmp_path):
    """With and without the folder, which is created when a module is loaded."""
    with pytest.raises(SensorUnavailable, match=NO_ADAPTER):
        values(InfiniBand(read=Kernel(tmp_path)))

    (tmp_path / "sys/class/infiniband").mkdir(parents=True)
    with pytest.raises(SensorUnavailable, match=NO_ADAPTER):
        values(InfiniBand(read=Kernel(tmp_path)))


class Saying(Kernel):
    """A kernel with one port, where all files have the same content."""

    def __init__(self, text):
        super().__init__()
        self._text = text

    def names(self, folder):
        """Return the name of the device or of the port."""
        return {"infiniband": ["mlx5_0"], "ports": ["1"]}.get(folder.rpartition("/")[2], [])

    def text(self, path):
        """Return the same text for every *path*."""
        return self._text


@given(st.text() | st.from_regex(r"[0-9]+: \w*|[0-9.]+ Gb/sec.*|-?[0-9]+"))
def test_any_content_is_parsed(text):
    """The values are never negative."""
    assert all(value >= 0 for value in values(InfiniBand(read=Saying(text))).values())
