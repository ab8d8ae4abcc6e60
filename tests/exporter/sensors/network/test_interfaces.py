"""The sensors of network interfaces and connections."""

import socket

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.network.interfaces import (
    NetConnections,
    NetConnectionsOptions,
    NetIFAddrs,
    NetIFStats,
    NetIOCounters,
)

from ...machine import address, connection, full, record, values

WITH_ADDRESSES = NetConnectionsOptions(addresses=True)


def test_interfaces_have_traffic_counters():
    """Eight counters each."""
    expected = {
        ("network_transmit_bytes_total", "eth0"): 1,
        ("network_receive_bytes_total", "eth0"): 2,
        ("network_transmit_packets_total", "eth0"): 3,
        ("network_receive_packets_total", "eth0"): 4,
        ("network_receive_errors_total", "eth0"): 5,
        ("network_transmit_errors_total", "eth0"): 6,
        ("network_receive_drops_total", "eth0"): 7,
        ("network_transmit_drops_total", "eth0"): 8,
    }
    assert expected == values(full("NetIOCounters"))


def test_connections_are_counted_by_family_protocol_and_state():
    """No private data is exposed."""
    reading = [
        connection(),
        connection(raddr=record(ip="10.0.0.3", port=1)),
        connection(family=socket.AF_INET6, status="LISTEN", raddr=()),
        connection(type=socket.SOCK_DGRAM, status="NONE"),
    ]

    expected = {
        ("network_connections", "inet", "tcp", "established"): 2,
        ("network_connections", "inet6", "tcp", "listen"): 1,
        ("network_connections", "inet", "udp", "none"): 1,
    }
    assert expected == values(NetConnections(read=lambda: reading))


def test_connections_are_exposed_one_by_one_with_the_option_addresses():
    """With ports and the process."""
    found = values(NetConnections(WITH_ADDRESSES, read=lambda: [connection()]))

    ends = ("10.0.0.1", "22", "10.0.0.2", "4711", "42")
    assert found[("network_connection_info", "inet", "tcp", "established", *ends)] == 1


def test_sockets_that_share_a_connection_are_one_series():
    """As with inherited sockets, or if endpoints and processes are unknown."""
    reading = [connection(laddr=(), raddr=(), pid=None, fd=fd) for fd in (3, 4)]

    found = values(NetConnections(WITH_ADDRESSES, read=lambda: reading))

    expected = ("network_connection_info", "inet", "tcp", "established", "", "", "", "", "")
    assert found[expected] == 2


def test_a_machine_without_connections_has_no_samples():
    """It is not an error."""
    assert {} == values(NetConnections(read=list))


def test_addresses_of_interfaces_are_unique():
    """Missing parts are empty labels; duplicates are one series."""
    reading = {
        "lo": [address(socket.AF_INET6, "::1", netmask="ffff")],
        "eth0": [
            address(broadcast="10.0.0.255"),
            address(broadcast="10.0.0.255"),
            address(socket.AF_PACKET, "aa:bb:cc:dd:ee:ff"),
            address(-7, "?", ptp="10.0.0.2"),
        ],
    }

    expected = {
        ("network_address_info", "lo", "inet6", "::1", "ffff", "", ""): 1,
        ("network_address_info", "eth0", "inet", "10.0.0.1", "", "10.0.0.255", ""): 1,
        ("network_address_info", "eth0", "link", "aa:bb:cc:dd:ee:ff", "", "", ""): 1,
        ("network_address_info", "eth0", "", "?", "", "", "10.0.0.2"): 1,
    }
    assert expected == values(NetIFAddrs(read=lambda: reading))


def test_interfaces_have_a_state():
    """One gigabit is 125 million bytes."""
    expected = {
        ("network_up", "eth0"): 1,
        ("network_mtu_bytes", "eth0"): 1500,
        ("network_speed_bytes_per_second", "eth0"): 125_000_000,
        ("network_interface_info", "eth0", "full", "up,running"): 1,
    }
    assert expected == values(full("NetIFStats"))


@pytest.mark.parametrize("duplex", ["half", "unknown"])
def test_an_unknown_speed_is_absent(duplex):
    """psutil returns zero for it; the interface is exposed as down."""
    stats = record(isup=False, duplex=duplex, speed=0, mtu=1500, flags="")

    expected = {
        ("network_up", "lo"): 0,
        ("network_mtu_bytes", "lo"): 1500,
        ("network_interface_info", "lo", duplex, ""): 1,
    }
    assert expected == values(NetIFStats(read=lambda: {"lo": stats}))


@pytest.mark.parametrize(
    ("sensor_class", "reading"),
    [
        (NetIOCounters, {}),
        (NetIOCounters, None),
        (NetIFStats, {}),
        (NetIFAddrs, {}),
        (NetIFAddrs, {"lo": []}),
    ],
)
def test_the_sensors_are_unavailable_without_interfaces(sensor_class, reading):
    """As in a container."""
    with pytest.raises(SensorUnavailable, match="no network interface"):
        values(sensor_class(read=lambda: reading))
