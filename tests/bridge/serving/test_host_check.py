"""Requests under the name of another host: DNS rebinding."""

import asyncio

import pytest

from fructosa_bridge.serving.host_check import UNKNOWN_HOST, HostCheck, machine_names
from fructosa_bridge.web.status import ReloadOutcome
from fructosa_service.config.kinds import Endpoint

from ..fake_status import FakeStatus
from ..web.served import served

EVIL = {"Host": "evil.example:9889"}


def reloadable():
    """Return a status that can be reloaded."""

    async def reload():
        return ReloadOutcome(True, "done")

    return FakeStatus(reload=reload)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_on_loopback_a_foreign_host_gets_no_page(method):
    """The answer says what to do."""
    async with served(reloadable()) as pages:
        status, _, text = await pages.request("-/reload", method, headers=EVIL)

    assert 403 == status
    assert text == ("" if method == "HEAD" else UNKNOWN_HOST.format(host=EVIL["Host"]))


async def test_hosts_of_the_configuration_are_known():
    """Such as that of a proxy; and names of this machine."""
    async with served(reloadable(), hosts=("Evil.example",)) as pages:
        known = [EVIL["Host"], "localhost", "127.0.0.1", next(iter(machine_names()))]
        statuses = [
            await pages.status("-/reload", "POST", headers={"Host": host}) for host in known
        ]

    assert [200] * len(known) == statuses


async def test_on_other_addresses_pages_may_have_any_name():
    """Aliases and a Prometheus elsewhere go on working; what changes something may not."""
    everywhere = (Endpoint("0.0.0.0", 0),)  # noqa: S104 - that is the case
    async with served(reloadable(), listen=everywhere) as pages:
        pages.url = pages.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        page = await pages.status("metrics", headers=EVIL)
        reload = await pages.status("-/reload", "POST", headers=EVIL)

    assert (200, 403) == (page, reload)


class Request:
    """A request with a host."""

    method = "POST"

    def __init__(self, host, *, secure=False):
        self.headers = {"Host": host}
        self.secure = secure


async def handler(_):
    """Return a page."""
    return "page"


async def test_with_tls_any_name_will_do():
    """A browser has compared it with the certificate."""
    assert "page" == await HostCheck().handle(Request("evil.example", secure=True), handler)


async def test_names_of_the_machine_are_looked_up_once():
    """A name server may be slow; known names do not wait for it."""
    looked_up = []

    def look_up():
        looked_up.append(None)
        return {"head"}

    check = HostCheck(look_up=look_up)
    await check.handle(Request("localhost"), handler)
    assert [] == looked_up

    await asyncio.gather(*(check.handle(Request("head:1"), handler) for _ in range(3)))
    assert [None] == looked_up


def test_the_names_of_this_machine_are_in_its_file_of_hosts_too(tmp_path):
    """Without it, its own name is known."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 alias\n")

    assert machine_names(hosts) == machine_names(tmp_path / "none") | {"alias"}
    assert machine_names(tmp_path / "none")
