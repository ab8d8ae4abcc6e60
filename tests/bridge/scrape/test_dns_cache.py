"""The cache of host addresses."""

import socket
import threading

import pytest

from fructosa_bridge.scrape.dns_cache import DNSCache

V4 = (socket.AF_INET, 1, 6, "", ("10.0.0.1", 1))
V6 = (socket.AF_INET6, 1, 6, "", ("fe80::1", 1, 0, 2))
NO_RESPONSE = socket.gaierror(socket.EAI_AGAIN, "no response")
UNKNOWN = socket.gaierror(socket.EAI_NONAME, "unknown name")


class NameServer:
    """Returns the next of some *results*, or raises it."""

    def __init__(self, *results):
        self.results = list(results)
        self.threads = []

    def __call__(self, *query):
        self.threads.append(threading.current_thread().name)
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def clock():
    """The time, as a list of one number that a test sets."""
    return [0.0]


@pytest.fixture
def dns_cache(clock):
    """A function that creates a cache, which is closed after the test."""
    caches = []

    def create(name_server):
        caches.append(DNSCache(name_server, lambda: clock[0]))
        return caches[-1]

    yield create
    for cache in caches:
        cache.close()


async def test_all_addresses_of_a_host_are_returned(dns_cache):
    """Of both families; the scope of a link-local address is kept."""
    cache = dns_cache(NameServer([V4, V6]))

    assert [V4, V6] == await cache.resolve("n1", 1)


async def test_a_name_server_is_asked_at_most_once_a_minute(dns_cache, clock):
    """For each host and port."""
    name_server = NameServer([V4], [V6])
    cache = dns_cache(name_server)

    first = [await cache.resolve("n1", 1) for _ in range(2)]
    clock[0] = 61.0
    later = await cache.resolve("n1", 1)

    assert ([[V4], [V4]], [V6]) == (first, later)
    assert [] == name_server.results


async def test_while_no_name_server_responds_the_last_addresses_are_used(dns_cache, clock):
    """An outage of the DNS does not stop the scrapes."""
    cache = dns_cache(NameServer([V4], NO_RESPONSE))
    await cache.resolve("n1", 1)
    clock[0] = 61.0

    assert [V4] == await cache.resolve("n1", 1)


@pytest.mark.parametrize("results", [[UNKNOWN], [NO_RESPONSE]])
async def test_without_an_address_the_error_is_raised(dns_cache, results):
    """It has the reason of the system."""
    cache = dns_cache(NameServer(*results))

    with pytest.raises(socket.gaierror, match=str(results[0].strerror)):
        await cache.resolve("n1", 1)


async def test_a_name_that_no_longer_exists_is_an_error(dns_cache, clock):
    """Its last addresses may belong to another node by now."""
    cache = dns_cache(NameServer([V4], UNKNOWN))
    await cache.resolve("n1", 1)
    clock[0] = 61.0

    with pytest.raises(socket.gaierror, match="unknown name"):
        await cache.resolve("n1", 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_needs_no_name_server(dns_cache, host):
    """Nor does it wait for the look-ups of names, which may keep all threads busy."""
    ((*_, address),) = await dns_cache(NameServer()).resolve(host, 1)

    assert (host, 1) == address[:2]


async def test_look_ups_have_their_own_threads(dns_cache):
    """A name server that does not respond keeps no thread from writing to disk."""
    name_server = NameServer([V4])

    await dns_cache(name_server).resolve("n1", 1)

    assert ["dns_0"] == name_server.threads
