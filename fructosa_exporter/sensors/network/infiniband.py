"""InfiniBand, Omni-Path and RoCE: the ports of RDMA adapters."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Metric, Sample, counter, gauge, info
from fructosa_exporter.sensor import Sensor, SensorOptions
from fructosa_exporter.sources.devices import DeviceFilter
from fructosa_exporter.sources.hardware_counts import HardwareCounts
from fructosa_service.config.kinds import PATTERN, several
from fructosa_service.config.settings import option

NO_ADAPTER = "there is no InfiniBand, Omni-Path or RoCE adapter"

_ADAPTERS = "/sys/class/infiniband"
_STATE = re.compile(r"([0-9]{1,3}): *(.*)")  # "4: ACTIVE"
_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) Gb/sec\b")  # "2.5 Gb/sec (1X SDR)"
_DOWN, _ACTIVE = 1, 4  # enum ib_port_state in the kernel's include/rdma/ib_verbs.h
# Where drivers without counters/ have the same, by the file there. Some of the files in
# hw_counters/, in order: bnxt_re, EFA and MANA; erdma; ionic; irdma, by version of IP; rxe.
_HARDWARE = {
    "port_xmit_data": (
        ("tx_bytes",),
        ("tx_bytes_cnt",),
        ("hw_tx_bytes_cnt",),
        ("tx_rdma_ucast_bytes",),
        ("ip4OutOctets", "ip6OutOctets"),
    ),
    "port_rcv_data": (
        ("rx_bytes",),
        ("rx_bytes_cnt",),
        ("hw_rx_bytes_cnt",),
        ("rx_rdma_ucast_bytes",),
        ("ip4InOctets", "ip6InOctets"),
    ),
    "port_xmit_packets": (
        ("tx_pkts",),
        ("tx_packets",),
        ("tx_packets_cnt",),
        ("hw_tx_packets_cnt",),
        ("tx_rdma_ucast_pkts",),
        ("ip4OutPkts", "ip6OutPkts"),
        ("sent_pkts",),
    ),
    "port_rcv_packets": (
        ("rx_pkts",),
        ("rx_packets",),
        ("rx_packets_cnt",),
        ("hw_rx_packets_cnt",),
        ("rx_rdma_ucast_pkts",),
        ("ip4InPkts", "ip6InPkts"),
        ("rcvd_pkts",),
    ),
}


def _counter(name: str, help: str) -> Metric:  # noqa: A002
    return counter(f"fructosa_infiniband_{name}_total", help, "device", "port")


@dataclass(frozen=True, kw_only=True)
class InfiniBandOptions(SensorOptions):
    """Which adapters are exposed."""

    include: tuple[str, ...] = option(
        several(PATTERN), ("*",), "Expose adapters whose names match one of these patterns."
    )
    exclude: tuple[str, ...] = option(
        several(PATTERN), (), "Exclude adapters whose names match one of these patterns."
    )


class InfiniBand(Sensor):
    """Ports of InfiniBand, Omni-Path, RoCE and EFA adapters: state, rate, traffic, errors.

    Source: /sys/class/infiniband/*/ports/*, counters/ and hw_counters/. Traffic in counters/ is
    converted to bytes from units of four bytes. Adapters without counters/, such as those of
    Broadcom, Intel, Amazon and Microsoft, have traffic in hw_counters/, in bytes and under other
    names. Ports that are down have a state but no rate. Counters that an adapter does not have are
    absent; lagent looks for them again once a minute. Error counters in counters/ are narrow and
    stop at their maximum (255 or 65535 for many, 4294967295 for wait ticks) until they are reset
    (perfquery -R).
    """

    Options = InfiniBandOptions
    options: InfiniBandOptions
    cost = "about 25 small files per port, most of which the kernel reads from the adapter"

    UP = gauge("fructosa_infiniband_up", "1 if the port is active, else 0.", "device", "port")
    PORT = info(
        "fructosa_infiniband_port_info",
        "Link layer of the port and the state of its link.",
        "device",
        "port",
        "state",
        "physical_state",
        "link_layer",
    )
    RATE = gauge("fructosa_infiniband_rate_bytes_per_second", "Rate of the link.", "device", "port")
    # Only these have 64 bits; older kernels have them in counters_ext/.
    TRAFFIC = {
        "port_xmit_data": _counter("transmit_bytes", "Bytes sent."),
        "port_rcv_data": _counter("receive_bytes", "Bytes received."),
        "port_xmit_packets": _counter("transmit_packets", "Packets sent."),
        "port_rcv_packets": _counter(
            "receive_packets", "Packets received, including those with errors."
        ),
    }
    FAULTS = {
        "symbol_error": _counter("symbol_errors", "Minor errors on the lanes of the link."),
        "link_error_recovery": _counter(
            "link_recoveries", "Times that the link recovered from an error."
        ),
        "link_downed": _counter(
            "link_downs", "Times that the link failed to recover and went down."
        ),
        "local_link_integrity_errors": _counter(
            "link_integrity_errors",
            "Times that consecutive errors on the link exceeded the threshold.",
        ),
        "port_rcv_errors": _counter("receive_errors", "Packets received with an error."),
        "port_rcv_remote_physical_errors": _counter(
            "receive_remote_errors", "Packets received that another port had marked as bad."
        ),
        "port_rcv_constraint_errors": _counter(
            "receive_constraint_errors",
            "Packets received that were discarded by a partition or filter rule.",
        ),
        "port_xmit_constraint_errors": _counter(
            "transmit_constraint_errors", "Packets not sent because of a partition or filter rule."
        ),
        "port_xmit_discards": _counter(
            "transmit_discards", "Packets not sent because the port was down or congested."
        ),
        "port_xmit_wait": _counter(
            "transmit_wait_ticks", "Ticks of the port during which data waited to be sent."
        ),
        "excessive_buffer_overrun_errors": _counter(
            "buffer_overrun_errors", "Overruns of the receive buffer."
        ),
        "VL15_dropped": _counter(
            "management_drops", "Subnet management packets dropped for lack of buffers."
        ),
    }

    # In hw_counters/, the first of these that the driver has.
    CONGESTION = {
        ("np_ecn_marked_roce_packets", "rx_ecn_marked_pkts", "RxECNMrkd", "rx_rdma_ecn_pkts"): (
            _counter("ecn_marked_packets", "Packets received that a switch marked as congested.")
        ),
        ("np_cnp_sent", "np_cnp_pkts", "tx_cnp_pkts", "cnpSent", "tx_rdma_cnp_pkts"): _counter(
            "congestion_notifications_sent", "Notifications of congestion sent to senders (CNP)."
        ),
        ("rp_cnp_handled", "rx_cnp_pkts", "cnpHandled", "rx_rdma_cnp_pkts", "received_cnps"): (
            _counter(
                "congestion_notifications_received",
                "Notifications of congestion received, each of which slows a sender down (CNP).",
            )
        ),
        ("out_of_sequence", "responder_oos", "out_of_seq_request"): _counter(
            "out_of_sequence_packets", "Packets received out of sequence, as after a loss."
        ),
        ("local_ack_timeout_err", "to_retransmits", "tx_rdma_ack_timeout", "requester_timeout"): (
            _counter("acknowledgement_timeouts", "Times that no acknowledgement came in time.")
        ),
        ("out_of_buffer", "rx_out_of_buffer", "rx_drops"): _counter(
            "receive_drops", "Packets received but dropped, mostly for lack of a buffer."
        ),
    }

    read: Kernel = Kernel()
    clock = staticmethod(time.monotonic)

    def __init__(self, options: InfiniBandOptions | None = None, read: Any = None) -> None:
        super().__init__(options, read)
        self._filter = DeviceFilter(self.options.include, self.options.exclude)
        self._counts = HardwareCounts(lambda path: self.read.text(path), lambda: self.clock())

    def samples(self) -> Iterator[Sample]:
        ports = list(self._ports())
        if not ports:
            raise SensorUnavailable(NO_ADAPTER)
        selected = set(self._filter.select({device for device, _ in ports}))
        for device, port in ports:
            if device not in selected:
                continue
            folder = f"{_ADAPTERS}/{device}/ports/{port}"
            yield from self._link(folder, device, port)
            yield from self._traffic(folder, device, port)
            for file, metric in self.FAULTS.items():
                count = self._counts.count(f"{folder}/counters/{file}")
                if count is not None:
                    yield metric.sample(count, device, port)
            for files, metric in self.CONGESTION.items():
                count = self._counts.first((f"{folder}/hw_counters/{file}",) for file in files)
                if count is not None:
                    yield metric.sample(count, device, port)

    def link_downs(self) -> dict[str, int]:
        """Return how often the link of each port went down, by adapter/port."""
        ports = [f"{device}/{port}" for device, port in self._ports()]
        counts = (
            (port, self._counts.count(f"{_ADAPTERS}/{path}/counters/link_downed"))
            for port, path in ((port, port.replace("/", "/ports/")) for port in ports)
        )
        return {port: count for port, count in counts if count is not None}

    def _ports(self) -> Iterator[tuple[str, str]]:
        for device in self.read.names(_ADAPTERS):
            for port in self.read.names(f"{_ADAPTERS}/{device}/ports"):
                yield device, port

    def _link(self, folder: str, device: str, port: str) -> Iterator[Sample]:
        state = _STATE.fullmatch(self._word(f"{folder}/state"))
        if state is None:
            return
        yield self.UP.sample(int(int(state[1]) == _ACTIVE), device, port)
        physical = self._word(f"{folder}/phys_state").partition(":")[2].strip()
        layer = self._word(f"{folder}/link_layer")
        yield self.PORT.sample(1, device, port, state[2], physical, layer)
        # For a link that is down, the kernel reports the slowest rate.
        rate = _RATE.match(self._word(f"{folder}/rate"))
        if rate and int(state[1]) > _DOWN:
            yield self.RATE.sample(float(rate[1]) * 1e9 / 8, device, port)

    def _traffic(self, folder: str, device: str, port: str) -> Iterator[Sample]:
        # If there is a folder counters_ext/, the counters of the same names in counters/ have 32
        # bits and reach their maximum within seconds.
        wide = {f"counters_ext/{name}" for name in self.read.names(f"{folder}/counters_ext")}
        for file, metric in self.TRAFFIC.items():
            extended = f"counters_ext/{file}_64"
            path = f"{folder}/{extended if extended in wide else f'counters/{file}'}"
            count = self._counts.count(path)
            if count is not None:
                yield metric.sample(count * (4 if file.endswith("_data") else 1), device, port)
            elif not self._counts.exists(path):
                hardware = (
                    tuple(f"{folder}/hw_counters/{name}" for name in names)
                    for names in _HARDWARE[file]
                )
                count = self._counts.first(hardware)
                if count is not None:
                    yield metric.sample(count, device, port)

    def _word(self, path: str) -> str:
        return self.read.word(path) or ""
