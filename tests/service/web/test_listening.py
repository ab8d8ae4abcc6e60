"""The addresses on which a daemon listens."""

import re
import socket

import pytest

from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import UsageError
from fructosa_service.web.listening import addresses, check_endpoints, endpoint_of


@pytest.mark.parametrize(
    ("host", "family", "expected"),
    [
        ("127.0.0.1", socket.AF_INET, ("127.0.0.1", 80)),
        ("0.0.0.0", socket.AF_INET, ("0.0.0.0", 80)),  # noqa: S104
        ("::", socket.AF_INET6, ("::", 80, 0, 0)),
        ("fe80::1%1", socket.AF_INET6, ("fe80::1", 80, 0, 1)),
        ("fe80::1%lo", socket.AF_INET6, ("fe80::1", 80, 0, socket.if_nametoindex("lo"))),
    ],
)
def test_an_address_has_its_family_and_zone(host, family, expected):
    """The zone is the number of the network interface."""
    ((found, (name, *more)),) = addresses(Endpoint(host, 80))

    assert (family, expected) == (found, (name.partition("%")[0], *more))


def test_a_name_has_ipv4_addresses_first():
    """As lagent listens on one address of each endpoint."""
    families = [family for family, _ in addresses(Endpoint("localhost", 80))]

    assert families == sorted(families, key=lambda family: family != socket.AF_INET)
    assert socket.AF_INET == families[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "0.0.0.0", "localhost"])  # noqa: S104
def test_addresses_of_this_machine_are_right(host):
    """Also if their port is in use, as by the daemon that runs."""
    with socket.create_server((host, 0)) as listener:
        check_endpoints([Endpoint(host, listener.getsockname()[1]), Endpoint(host)])


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", "Cannot assign requested address"),
        ("fe80::1%nosuch0", "Name or service not known"),
        ("2001:db8::1", "Cannot assign|not supported"),
        ("no-such-name.invalid", "[Nn]ame"),
    ],
)
def test_other_addresses_are_an_error(host, reason):
    """The message names the place, the reason, and what to set."""
    endpoint = Endpoint(host, 80)
    where = re.escape(str(endpoint))

    with pytest.raises(UsageError, match=rf"cannot listen on {where}: .*({reason}).*; set host or"):
        check_endpoints([Endpoint("127.0.0.1"), endpoint])


def test_a_listener_has_an_endpoint():
    """With the port that it got."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert Endpoint("127.0.0.1", listener.getsockname()[1]) == endpoint_of(listener)
