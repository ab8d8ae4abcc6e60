"""Authentication, the limit of concurrent requests, and security headers."""

import asyncio
import re
import threading

import aiohttp
import pytest

from fructosa_bridge.web.auth import PasswordChecker
from fructosa_bridge.web.status import ReloadOutcome
from fructosa_service.errors import FileError
from fructosa_service.web.guess_queue import MOST_WAITING
from fructosa_service.web.users import UsersFile

from ..fake_status import FakeStatus, up
from .served import PASSWORD, basic_auth, served, users_line


async def test_with_a_users_file_every_page_needs_a_password(tmp_path):
    """The response to others does not show whether the page exists."""
    users = tmp_path / "users"
    users.write_text(users_line("alice", PASSWORD))
    right, wrong = basic_auth("alice", PASSWORD), basic_auth("alice", "x")

    async with served(users_file=users) as pages:
        paths = ("", "metrics", "api/targets", "-/healthy", "nothing", "static/page.css")
        without = [await pages.request(path) for path in paths]
        accepted = [await pages.status("metrics", headers=right) for _ in range(2)]
        rejected = [await pages.status("metrics", headers=wrong) for _ in range(2)]

    assert {401} == {status for status, _, _ in without}
    assert {'Basic realm="lmaster", charset="UTF-8"'} == {
        headers["WWW-Authenticate"] for _, headers, _ in without
    }
    assert ([200, 200], [401, 401]) == (accepted, rejected)


async def test_passwords_that_are_being_checked_do_not_delay_known_users(tmp_path):
    """If too many of a client are waiting, one of them gets 503."""
    path = tmp_path / "users"
    path.write_text(users_line("alice", PASSWORD))
    has_begun, may_go_on = threading.Event(), threading.Event()

    def check(password, hashed):
        has_begun.set()
        return password == PASSWORD.encode() or not may_go_on.wait(30)

    passwords = PasswordChecker(UsersFile(path, check))
    right = basic_auth("alice", PASSWORD)["Authorization"]
    assert await passwords.are_right(right, "192.0.2.1")

    def guess(number):
        wrong = basic_auth("alice", str(number))["Authorization"]
        return asyncio.create_task(passwords.are_right(wrong, "192.0.2.1"))

    has_begun.clear()
    guesses = [guess("first")]
    assert await asyncio.to_thread(has_begun.wait, 30)
    guesses += [guess(number) for number in range(MOST_WAITING + 1)]
    (busy,), _ = await asyncio.wait(guesses, return_when=asyncio.FIRST_COMPLETED)

    assert await passwords.are_right(right, "192.0.2.1")
    with pytest.raises(aiohttp.web.HTTPServiceUnavailable):
        await busy
    may_go_on.set()
    for guess in guesses:
        guess.cancel()
    await asyncio.gather(*guesses, return_exceptions=True)


async def test_a_users_file_that_cannot_be_read_is_an_error_at_startup(tmp_path):
    """The message names key and file."""
    with pytest.raises(FileError, match=r"users file .*none: "):
        async with served(users_file=tmp_path / "none"):
            pass


async def test_more_than_max_requests_get_503():
    """Those in progress are not affected, and what watches lmaster has places of its own."""
    begun, may_finish = asyncio.Event(), asyncio.Event()

    async def reload():
        begun.set()
        await may_finish.wait()
        return ReloadOutcome(True, "done")

    async with served(FakeStatus(reload=reload), max_requests=1) as pages:
        first = asyncio.create_task(pages.status("-/reload", "POST"))
        await begun.wait()
        status, headers, text = await pages.request("")
        others = [await pages.status(path) for path in ("-/healthy", "-/ready", "metrics")]
        may_finish.set()

        assert (503, "1") == (status, headers["Retry-After"])
        assert text.startswith("1 requests are in progress already")
        assert [200, 200, 200] == others
        assert 200 == await first
        assert 200 == await pages.status("")


@pytest.mark.parametrize("path", ["", "node/cluster.a", "metrics", "static/page.css", "-/ready"])
async def test_browsers_may_load_only_files_of_lmaster(path):
    """Pages have no inline scripts or styles, so the policy need not allow any."""
    async with served(FakeStatus([up("a")])) as pages:
        _, headers, text = await pages.request(path)

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    assert [] == re.findall(r"<script>|<style|\son\w+=|\sstyle=", text)
