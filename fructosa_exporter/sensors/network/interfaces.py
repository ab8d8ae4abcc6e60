"""Network interfaces and connections."""

import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import psutil

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Rows, Sample, counter, gauge, info
from fructosa_exporter.sensor import (
    CalmSensorOptions,
    Sensor,
    SensorOptions,
    SlowSensorOptions,
    time_interval,
)
from fructosa_exporter.sources.devices import DeviceFilter, KeyCache
from fructosa_exporter.sources.interface_state import interface_states
from fructosa_exporter.sources.io_counters import interface_counters
from fructosa_exporter.sources.namespaces import check_network
from fructosa_service.config.kinds import PATTERN, YES_NO, several
from fructosa_service.config.settings import option

_FAMILIES = {
    socket.AF_INET: "inet",
    socket.AF_INET6: "inet6",
    socket.AF_PACKET: "link",
    socket.AF_UNIX: "unix",
}
_TYPES = {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}


@dataclass(frozen=True, kw_only=True)
class NetIOCountersOptions(SensorOptions):
    """Which interfaces are exposed."""

    include: tuple[str, ...] = option(
        several(PATTERN), ("*",), "Expose interfaces whose names match one of these patterns."
    )
    exclude: tuple[str, ...] = option(
        several(PATTERN), (), "Exclude interfaces whose names match one of these patterns."
    )


class NetIOCounters(Sensor):
    """Bytes, packets, errors and drops of each network interface since boot.

    Source: /proc/net/dev.
    """

    Options = NetIOCountersOptions
    options: NetIOCountersOptions

    FIELDS = {
        "bytes_sent": counter("fructosa_network_transmit_bytes_total", "Bytes sent.", "interface"),
        "bytes_recv": counter(
            "fructosa_network_receive_bytes_total", "Bytes received.", "interface"
        ),
        "packets_sent": counter(
            "fructosa_network_transmit_packets_total", "Packets sent.", "interface"
        ),
        "packets_recv": counter(
            "fructosa_network_receive_packets_total", "Packets received.", "interface"
        ),
        "errout": counter(
            "fructosa_network_transmit_errors_total", "Errors while sending.", "interface"
        ),
        "errin": counter(
            "fructosa_network_receive_errors_total", "Errors while receiving.", "interface"
        ),
        "dropout": counter(
            "fructosa_network_transmit_drops_total", "Packets dropped while sending.", "interface"
        ),
        "dropin": counter(
            "fructosa_network_receive_drops_total", "Packets dropped while receiving.", "interface"
        ),
    }

    read = staticmethod(interface_counters)

    def __init__(self, options: NetIOCountersOptions | None = None, read: Any = None) -> None:
        super().__init__(options, read)
        self._filter = DeviceFilter(self.options.include, self.options.exclude)
        self._keys = KeyCache(self.metrics)
        self._fields = attrgetter(*self.FIELDS)

    def samples(self) -> Iterator[Rows]:
        interfaces = self.read()
        if not interfaces:
            raise SensorUnavailable("the kernel lists no network interfaces")
        names = self._filter.select(interfaces)
        values: list[float] = []
        for name in names:
            values += self._fields(interfaces[name])
        yield Rows(self._keys.each(names), values)


@dataclass(frozen=True, kw_only=True)
class NetConnectionsOptions(SensorOptions):
    """Whether connections are exposed one by one."""

    time_interval: float = time_interval(30)
    addresses: bool = option(
        YES_NO,
        False,
        "Also expose the addresses, ports and process of each connection, which are private data.",
    )


class NetConnections(Sensor):
    """Number of network connections by family, protocol and state.

    Source: psutil.net_connections(), i.e. /proc/net/{tcp,udp}{,6} and every /proc/PID/fd.
    """

    Options = NetConnectionsOptions
    options: NetConnectionsOptions
    on_by_default = False
    cost = "4 ms and more: it reads every open file descriptor of every process"
    rights = "root (CAP_SYS_PTRACE) for the process of a connection; none for the counts"

    CONNECTIONS = gauge(
        "fructosa_network_connections",
        "Connections and listening sockets.",
        "family",
        "protocol",
        "state",
    )
    CONNECTION = info(
        "fructosa_network_connection_info",
        "Number of sockets of the connection; exposed only with addresses = yes.",
        "family",
        "protocol",
        "state",
        "local_address",
        "local_port",
        "remote_address",
        "remote_port",
        "pid",
    )

    read = staticmethod(psutil.net_connections)

    def samples(self) -> Iterator[Sample]:
        check_network()
        connections = [(self._state(connection), connection) for connection in self.read()]
        for state, number in Counter(state for state, _ in connections).items():
            yield self.CONNECTIONS.sample(number, *state)
        if self.options.addresses:
            each = Counter((*state, *_endpoints(connection)) for state, connection in connections)
            for labels, number in each.items():
                yield self.CONNECTION.sample(number, *labels)

    def _state(self, connection: Any) -> tuple[str, str, str]:
        family = _FAMILIES.get(connection.family, "")
        return family, _TYPES.get(connection.type, ""), connection.status.lower()


def _endpoints(connection: Any) -> tuple[str, str, str, str, str]:
    """Return a connection's local and remote address and port, and its process."""
    ends = (connection.laddr, connection.raddr)
    local, remote = ((end.ip, str(end.port)) if end else ("", "") for end in ends)
    return *local, *remote, "" if connection.pid is None else str(connection.pid)


class NetIFAddrs(Sensor):
    """Addresses of each network interface.

    Source: psutil.net_if_addrs(), i.e. getifaddrs().
    """

    Options = SlowSensorOptions

    ADDRESS = info(
        "fructosa_network_address_info",
        "An address of the interface.",
        "interface",
        "family",
        "address",
        "netmask",
        "broadcast",
        "peer",
    )

    read = staticmethod(psutil.net_if_addrs)

    def samples(self) -> Iterator[Sample]:
        check_network()
        interfaces = self.read()
        if not any(interfaces.values()):
            raise SensorUnavailable("no network interface has an address")
        rows = {
            (
                interface,
                _FAMILIES.get(one.family, ""),
                *(text or "" for text in (one.address, one.netmask, one.broadcast, one.ptp)),
            )
            for interface, addresses in interfaces.items()
            for one in addresses
        }
        for labels in sorted(rows):
            yield self.ADDRESS.sample(1, *labels)


class NetIFStats(Sensor):
    """State, speed and MTU of each network interface.

    Source: the ioctls SIOCGIFFLAGS and SIOCGIFMTU; /sys/class/net/*/{speed,duplex}.
    """

    Options = CalmSensorOptions

    UP = gauge("fructosa_network_up", "1 if the interface is up, else 0.", "interface")
    MTU = gauge("fructosa_network_mtu_bytes", "Maximum transmission unit (MTU).", "interface")
    SPEED = gauge(
        "fructosa_network_speed_bytes_per_second",
        "Speed of the link; absent if the driver does not report it.",
        "interface",
    )
    INTERFACE = info(
        "fructosa_network_interface_info",
        "Duplex mode and flags of the interface.",
        "interface",
        "duplex",
        "flags",
    )

    read = staticmethod(interface_states)

    def samples(self) -> Iterator[Sample]:
        interfaces = self.read()
        if not interfaces:
            raise SensorUnavailable("the kernel lists no network interfaces")
        for interface, stats in interfaces.items():
            yield self.UP.sample(int(stats.isup), interface)
            yield self.MTU.sample(stats.mtu, interface)
            if stats.speed:  # megabits per second; 0 if unknown
                yield self.SPEED.sample(stats.speed * 125_000, interface)
            yield self.INTERFACE.sample(1, interface, stats.duplex, stats.flags)
