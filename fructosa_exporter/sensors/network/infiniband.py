"""InfiniBand, Omni-Path and RoCE: the ports of adapters for remote direct memory access."""

import re
from collections.abc import Iterator

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Metric, Sample, counter, gauge, info
from fructosa_exporter.sensor import Sensor

_ADAPTERS = "/sys/class/infiniband"
_STATE = re.compile(r"([0-9]{1,3}): *(.*)")  # "4: ACTIVE"
_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) Gb/sec\b")  # "2.5 Gb/sec (1X SDR)"
_DOWN, _ACTIVE = 1, 4  # enum ib_port_state in the kernel's include/rdma/ib_verbs.h
# All bits set is what an adapter that fell off its bus answers to any question.
_GONE = 2**64 - 1


def _counter(name: str, help: str) -> Metric:  # noqa: A002
    return counter(f"fructosa_infiniband_{name}_total", help, "device", "port")


class InfiniBand(Sensor):
    """Ports of InfiniBand, Omni-Path and RoCE adapters: state, rate, traffic, errors.

    Source: /sys/class/infiniband/*/ports/*. Traffic is counted in units of four bytes there,
    and told in bytes. Ports that are down tell their state, but no rate. A counter that an
    adapter does not have is absent, as all of these are for iWARP. Counts of errors are of few
    bits and stop at their largest value (255 or 65535 for many, 4294967295 for waiting) until
    somebody resets them (perfquery -R).
    """

    cost = "some 18 small files a port; for most of them the kernel asks the adapter"

    UP = gauge("fructosa_infiniband_up", "1 if the port is active, else 0.", "device", "port")
    PORT = info(
        "fructosa_infiniband_port_info",
        "What a port is, and the state of its link.",
        "device",
        "port",
        "state",
        "physical_state",
        "link_layer",
    )
    RATE = gauge("fructosa_infiniband_rate_bytes_per_second", "Rate of the link.", "device", "port")
    # They alone are of 64 bits, on older kernels in counters_ext/.
    TRAFFIC = {
        "port_xmit_data": _counter("transmit_bytes", "Bytes sent."),
        "port_rcv_data": _counter("receive_bytes", "Bytes received."),
        "port_xmit_packets": _counter("transmit_packets", "Packets sent."),
        "port_rcv_packets": _counter("receive_packets", "Packets received, faulty ones too."),
    }
    FAULTS = {
        "symbol_error": _counter("symbol_errors", "Minor errors on the lanes of the link."),
        "link_error_recovery": _counter("link_recoveries", "Times the link was restored."),
        "link_downed": _counter("link_downs", "Times the link could not be restored and failed."),
        "local_link_integrity_errors": _counter(
            "link_integrity_errors", "Times that too many errors on the link were seen in a row."
        ),
        "port_rcv_errors": _counter("receive_errors", "Packets received with an error."),
        "port_rcv_remote_physical_errors": _counter(
            "receive_remote_errors", "Packets received that another port had marked as bad."
        ),
        "port_rcv_constraint_errors": _counter(
            "receive_constraint_errors", "Packets received that a partition or filter forbids."
        ),
        "port_xmit_constraint_errors": _counter(
            "transmit_constraint_errors", "Packets not sent as a partition or filter forbids them."
        ),
        "port_xmit_discards": _counter(
            "transmit_discards", "Packets not sent as the port was down or congested."
        ),
        "port_xmit_wait": _counter(
            "transmit_wait_ticks", "Ticks of the port in which data had to wait to be sent."
        ),
        "excessive_buffer_overrun_errors": _counter(
            "buffer_overrun_errors", "Overruns of the receive buffer."
        ),
        "VL15_dropped": _counter(
            "management_drops", "Packets of subnet management dropped for want of buffers."
        ),
    }

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        ports = list(self._ports())
        if not ports:
            raise SensorUnavailable("there is no InfiniBand, Omni-Path or RoCE adapter")
        for device, port in ports:
            folder = f"{_ADAPTERS}/{device}/ports/{port}"
            yield from self._link(folder, device, port)
            yield from self._traffic(folder, device, port)
            for file, metric in self.FAULTS.items():
                count = self._count(f"{folder}/counters/{file}")
                if count is not None:
                    yield metric.sample(count, device, port)

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
        # The kernel names a rate for a link that is down too: the slowest there is.
        rate = _RATE.match(self._word(f"{folder}/rate"))
        if rate and int(state[1]) > _DOWN:
            yield self.RATE.sample(float(rate[1]) * 1e9 / 8, device, port)

    def _traffic(self, folder: str, device: str, port: str) -> Iterator[Sample]:
        # Where there is a counters_ext/, those of one name in counters/ are of 32 bits, and
        # stop at their largest value within seconds.
        wide = {f"counters_ext/{name}" for name in self.read.names(f"{folder}/counters_ext")}
        for file, metric in self.TRAFFIC.items():
            extended = f"counters_ext/{file}_64"
            place = extended if extended in wide else f"counters/{file}"
            count = self._count(f"{folder}/{place}")
            if count is not None:
                yield metric.sample(count * (4 if file.endswith("_data") else 1), device, port)

    def _word(self, path: str) -> str:
        return self.read.word(path) or ""

    def _count(self, path: str) -> int | None:
        """Return a count; None where the adapter has none, such as "N/A (no PMA)"."""
        count = self.read.count(path)
        return None if count == _GONE else count
