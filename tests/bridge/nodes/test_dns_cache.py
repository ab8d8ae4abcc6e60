"""The cache of host addresses."""

import asyncio
import socket
import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.nodes.dns_cache import NO_VALID_NAME, DNSCache, _names_in

SOON_S = 20
V4 = (socket.AF_INET, 1, 6, "", ("10.0.0.1", 1))
OTHER_V4 = (socket.AF_INET, 1, 6, "", ("10.0.0.2", 1))
V6 = (socket.AF_INET6, 1, 6, "", ("fe80::1", 1, 0, 2))
NO_RESPONSE = socket.gaierror(socket.EAI_AGAIN, "no response")
UNKNOWN = socket.gaierror(socket.EAI_NONAME, "unknown name")


class NameServer:
    """Returns the *answers* to names, or raises them; without one, a look-up hangs until end()."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []
        self._end = threading.Event()

    def __call__(self, host, port, family, kind, protocol, flags):
        self.asked.append((host, flags))
        if host not in self.answers:
            self._end.wait(SOON_S)
        answer = self.answers.get(host, NO_RESPONSE)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def times(self, host):
        """Return how often a name was looked up with AI_ADDRCONFIG, which comes first."""
        return self.asked.count((host, socket.AI_ADDRCONFIG))

    def end(self):
        """Let no look-up hang any more."""
        self._end.set()


class CacheLab:
    """A cache, its name server, and its clock."""

    def __init__(self, folder):
        self.now_s = 0.0
        self.server = NameServer()
        self.hosts = folder / "hosts"
        self.hosts.write_text("10.0.0.9 Listed  alias # no-name\n")
        self.cache = DNSCache(self.server, lambda: self.now_s, self.hosts)

    async def resolve(self, host="n1", port=1):
        """Return the addresses of a host."""
        return await asyncio.wait_for(self.cache.resolve(host, port), SOON_S)

    async def settled(self, host="n1"):
        """Wait until no look-up of a name is running."""
        while self.cache._names[host].asking is not None:
            await asyncio.sleep(0.001)


@pytest.fixture
async def lab(tmp_path):
    """A cache, of which nothing runs after the test."""
    made = CacheLab(tmp_path)
    yield made
    made.server.end()
    made.cache.close()


async def test_all_addresses_of_a_host_are_returned(lab):
    """Of both families and with the port; the scope of a link-local address is kept."""
    lab.server.answers["n1"] = [V4, V6]

    found = await lab.resolve(port=9888)

    assert [("10.0.0.1", 9888), ("fe80::1", 9888, 0, 2)] == [address for *_, address in found]
    assert [V4[:4], V6[:4]] == [tuple(rest) for *rest, _ in found]


async def test_a_name_server_is_asked_at_most_once_a_minute(lab):
    """For each host, whatever its ports."""
    lab.server.answers["n1"] = [V4]
    await lab.resolve()
    lab.server.answers["n1"] = [OTHER_V4]

    first = [await lab.resolve(port=1), await lab.resolve(port=2)]
    lab.now_s = 61.0
    later = await lab.resolve()

    assert ([V4], [OTHER_V4]) == (first[0], later)
    assert 2 == lab.server.times("n1")


@pytest.mark.parametrize("port", [1, 2])
async def test_while_no_name_server_responds_the_last_addresses_are_used(lab, port):
    """An outage of the DNS does not stop the scrapes, however long the name server is silent."""
    lab.server.answers["n1"] = [V4]
    await lab.resolve()
    del lab.server.answers["n1"]
    lab.now_s = 61.0

    found = [await lab.resolve(port=port) for _ in range(3)]
    lab.server.end()
    await lab.settled()

    assert [("10.0.0.1", port)] * 4 == [
        one[4] for answer in (*found, await lab.resolve(port=port)) for one in answer
    ]
    assert 1 == lab.server.times("n1") - 1  # one look-up, which hung


async def test_an_address_that_has_changed_meanwhile_is_used_from_the_next_time_on(lab):
    """If the name server was slow; else at once."""
    lab.server.answers["n1"] = [V4]
    await lab.resolve()
    del lab.server.answers["n1"]
    lab.now_s = 61.0
    assert [V4] == await lab.resolve()

    lab.server.answers["n1"] = [OTHER_V4]
    lab.server.end()
    await lab.settled()

    assert [OTHER_V4] == await lab.resolve()


@pytest.mark.parametrize("answer", [UNKNOWN, NO_RESPONSE])
async def test_without_an_address_the_error_is_raised(lab, answer):
    """It has the reason of the system."""
    lab.server.answers["n1"] = answer

    with pytest.raises(socket.gaierror, match=str(answer.strerror)):
        await lab.resolve()


async def test_a_name_that_no_longer_exists_is_an_error(lab):
    """Its last addresses may belong to another node by now."""
    lab.server.answers["n1"] = [V4]
    await lab.resolve()
    lab.server.answers["n1"] = UNKNOWN
    lab.now_s = 61.0

    with pytest.raises(socket.gaierror, match="unknown name"):
        await lab.resolve()


async def test_what_is_no_name_at_all_is_unknown(lab):
    """The system's IDNA codec refuses it."""
    lab.server.answers["n1"] = UnicodeError("label too long")

    with pytest.raises(socket.gaierror, match=NO_VALID_NAME) as caught:
        await lab.resolve()
    assert socket.EAI_NONAME == caught.value.errno


@pytest.mark.parametrize("answer", [UNKNOWN, NO_RESPONSE])
async def test_what_could_not_be_resolved_is_asked_again_later_and_later(lab, answer):
    """After 5, 10, 20, 40 s, then once a minute; in between the error is known."""
    lab.server.answers["n1"] = answer
    asked_s = []
    for lab.now_s in range(301):
        before = len(lab.server.asked)
        with pytest.raises(socket.gaierror):
            await lab.resolve()
        if len(lab.server.asked) > before:
            asked_s.append(lab.now_s)

    assert [0, 5, 15, 35, 75, 135, 195, 255] == asked_s


async def test_when_a_name_server_responds_again_all_names_are_asked_at_once(lab):
    """No name waits until its own turn comes."""
    names = [f"n{number}" for number in range(9)]
    lab.server.answers.update(dict.fromkeys(names, NO_RESPONSE))
    for lab.now_s in (0, 100, 200):
        for name in names:
            with pytest.raises(socket.gaierror):
                await lab.resolve(name)
    lab.server.answers["other"] = NO_RESPONSE
    with pytest.raises(socket.gaierror):
        await lab.resolve("other")
    lab.server.answers.update({one: [V4] for one in ("other", *names)})
    lab.now_s += 5
    with pytest.raises(socket.gaierror):
        await lab.resolve("n1")
    await lab.resolve("other")

    found = [await lab.resolve(name) for name in names]

    assert [[V4]] * 9 == found


async def test_names_that_hang_delay_no_name_that_is_known_or_in_the_hosts_file(lab):
    """However many they are: the others have threads of their own."""
    lab.server.answers.update({"known": [V4], "LISTED": [V4], "alias": [V4]})
    await lab.resolve("known")
    dead = [asyncio.ensure_future(lab.cache.resolve(f"dead{n}", 1)) for n in range(1000)]
    await asyncio.sleep(0)
    lab.now_s = 61.0

    found = [await lab.resolve(name) for name in ("known", "LISTED", "alias")]

    assert [[V4]] * 3 == found
    assert not any(one.done() for one in dead)
    assert 1 == max(Counter(host for host, _ in lab.server.asked if "dead" in host).values())
    for one in dead:
        one.cancel()
    await asyncio.gather(*dead, return_exceptions=True)


async def test_a_new_name_is_asked_before_those_that_have_failed(lab, monkeypatch):
    """A name that has hung before may hang again."""
    monkeypatch.setattr("fructosa_bridge.nodes.dns_cache._OTHER_THREADS", 1)
    cache = DNSCache(lab.server, lambda: lab.now_s, lab.hosts)
    lab.server.answers["failed"] = NO_RESPONSE
    with pytest.raises(socket.gaierror):
        await cache.resolve("failed", 1)
    lab.now_s += 10
    waiting = [asyncio.ensure_future(cache.resolve(name, 1)) for name in ("hangs", "failed", "new")]
    await asyncio.sleep(0.001)
    before = len(lab.server.asked)

    lab.server.answers["new"] = [V4]
    lab.server.end()
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.sleep(0)
    cache.close()

    order = [host for host, _ in lab.server.asked[before:] if host != "hangs"]
    assert ["new", "failed"] == list(dict.fromkeys(order))


async def test_a_name_that_many_ask_for_is_looked_up_once(lab):
    """Sections with other ports, and pages of jobs, wait for the same look-up."""
    waiting = [asyncio.ensure_future(lab.cache.resolve("n1", port)) for port in (1, 2, 3)]
    await asyncio.sleep(0.001)
    lab.server.answers["n1"] = [V4]
    lab.server.end()

    found = await asyncio.wait_for(asyncio.gather(*waiting), SOON_S)

    assert [1, 2, 3] == [answer[0][4][1] for answer in found]
    assert 1 == lab.server.times("n1")


async def test_a_name_that_is_not_found_is_asked_for_without_regard_to_own_addresses(lab):
    """With IPv6 alone, 127.0.0.1 of localhost is hidden by AI_ADDRCONFIG."""

    def look_up(host, port, family, kind, protocol, flags):
        if flags & socket.AI_ADDRCONFIG:
            raise NO_RESPONSE
        return [V4]

    cache = DNSCache(look_up, hosts_file=lab.hosts)

    assert [V4] == await cache.resolve("n1", 1)
    cache.close()


async def test_a_look_up_that_hangs_is_not_followed_by_another_at_once(lab, monkeypatch):
    """But the next one is without regard to own addresses."""
    monkeypatch.setattr("fructosa_bridge.nodes.dns_cache._HANGS_S", -1.0)
    lab.server.answers["n1"] = NO_RESPONSE
    for lab.now_s in (0, 100, 200):
        with pytest.raises(socket.gaierror):
            await lab.resolve()

    assert [socket.AI_ADDRCONFIG, 0, socket.AI_ADDRCONFIG] == [
        flags for _, flags in lab.server.asked
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_needs_no_name_server(lab, host):
    """Nor does it wait for the look-ups of names, which may keep all threads busy."""
    ((*_, address),) = await lab.resolve(host)

    assert (host, 1) == address[:2]
    assert [] == lab.server.asked


async def test_an_address_of_an_interface_that_is_missing_waits_for_no_name_server(lab):
    """It is no name."""
    with pytest.raises(socket.gaierror):
        await lab.resolve("fe80::1%nosuch")

    assert [] == lab.server.asked


async def test_the_names_in_memory_are_limited(lab, monkeypatch):
    """The oldest is forgotten: nodes of a cloud may come and go for years."""
    monkeypatch.setattr("fructosa_bridge.nodes.dns_cache._MOST_NAMES", 2)
    lab.server.answers.update({one: [V4] for one in "abc"})

    for name in "abc":
        await lab.resolve(name)

    assert ["b", "c"] == list(lab.cache._names)


@given(st.text() | st.from_regex(r"([0-9.]+ [a-z]+( [a-z#]+)*\n)*"))
def test_any_hosts_file_is_read(tmp_path_factory, text):
    """Words after the first of a line, up to a comment, are names."""
    path = tmp_path_factory.getbasetemp() / "hosts"
    path.write_text(text, "utf-8", "replace")

    names = _names_in(path)

    assert not any("#" in name or " " in name or "\n" in name for name in names)
    assert names <= set(text.lower().replace("#", " # ").split())


def test_without_a_hosts_file_there_are_no_names(tmp_path):
    """They only set the order."""
    assert frozenset() == _names_in(tmp_path / "hosts")
