"""InfiniBand, Omni-Path and RoCE: the ports of RDMA adapters."""

import re
from collections.abc import Iterator

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Metric, Sample, counter, gauge, info
from fructosa_exporter.sensor import Sensor

NO_ADAPTER = "there is no InfiniBand, Omni-Path or RoCE adapter"

_ADAPTERS = "/sys/class/infiniband"
_STATE = re.compile(r"([0-9]{1,3}): *(.*)")  # "4: ACTIVE"
_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) Gb/sec\b")  # "2.5 Gb/sec (1X SDR)"
_DOWN, _ACTIVE = 1, 4  # enum ib_port_state in the kernel's include/rdma/ib_verbs.h
# Reads from an adapter that has fallen off the bus return all bits set.
_GONE = 2**64 - 1


def _counter(name: str, help: str) -> Metric:  # noqa: A002
    return counter(f"fructosa_infiniband_{name}_total", help, "device", "port")


class InfiniBand(Sensor):
    """Ports of InfiniBand, Omni-Path and RoCE adapters: state, rate, traffic, errors.

    Source: /sys/class/infiniband/*/ports/*. Traffic is converted to bytes from units of four
    bytes. Ports that are down have a state but no rate. Counters that an adapter does not have
    are absent; iWARP adapters have none of them. Error counters are narrow and stop at their
    maximum (255 or 65535 for many, 4294967295 for wait ticks) until they are reset
    (perfquery -R).
    """

    cost = "about 18 small files per port, most of which the kernel reads from the adapter"

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

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        ports = list(self._ports())
        if not ports:
            raise SensorUnavailable(NO_ADAPTER)
        for device, port in ports:
            folder = f"{_ADAPTERS}/{device}/ports/{port}"
            yield from self._link(folder, device, port)
            yield from self._traffic(folder, device, port)
            for file, metric in self.FAULTS.items():
                count = self._count(f"{folder}/counters/{file}")
                if count is not None:
                    yield metric.sample(count, device, port)

    def link_downs(self) -> dict[str, int]:
        """Return how often the link of each port went down, by adapter/port."""
        ports = [f"{device}/{port}" for device, port in self._ports()]
        counts = (
            (port, self._count(f"{_ADAPTERS}/{port.replace('/', '/ports/')}/counters/link_downed"))
            for port in ports
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
            path = extended if extended in wide else f"counters/{file}"
            count = self._count(f"{folder}/{path}")
            if count is not None:
                yield metric.sample(count * (4 if file.endswith("_data") else 1), device, port)

    def _word(self, path: str) -> str:
        return self.read.word(path) or ""

    def _count(self, path: str) -> int | None:
        """Return a count; None if the adapter has none, such as "N/A (no PMA)"."""
        count = self.read.count(path)
        return None if count == _GONE else count
