"""The pages over real sockets: what is told, whom, and how it is refused."""

import asyncio
import base64
import contextlib
import re
import socket
import ssl

import aiohttp
import bcrypt
import pytest

from fructosa_bridge.web import listener
from fructosa_bridge.web.auth import PasswordChecker
from fructosa_bridge.web.pages import serve
from fructosa_bridge.web.status import ReloadOutcome
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import ServiceError, UsageError
from fructosa_service.web.settings import WebSettings
from fructosa_service.web.users import Users
from tests.certificates import Authority

from ..shown import Shown, delivery, down, many, state, up

HOSTILE = "<script>alert(1)</script>\"'&\n\u202e"
PASSWORD = "s3cret: pässword"  # noqa: S105 - of a test


class Served:
    """The pages of a view at a free port; how to ask for them."""

    def __init__(self, view, settings):
        self.view = view
        self.settings = settings

    async def __aenter__(self):
        self.listener = await serve(self.view, self.settings, "127.0.0.1", 0)
        self.url = self.listener.urls[0]
        self.port = int(self.url.rstrip("/").rpartition(":")[2])
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_):
        await self._session.close()
        await self.listener.close()

    async def ask(self, path, method="GET", **how):
        """Return status, headers and text of the answer."""
        async with self._session.request(method, self.url + path, **how) as answer:
            return answer.status, answer.headers, await answer.text()

    async def status(self, path, method="GET", **how):
        """Return its status."""
        return (await self.ask(path, method, **how))[0]

    async def text(self, path):
        """Return its text; it must be there."""
        status, _, text = await self.ask(path)
        assert 200 == status, text
        return text

    async def json(self, path):
        """Return what it says in JSON."""
        async with self._session.get(self.url + path) as answer:
            assert "application/json" == answer.content_type
            return await answer.json()


def served(view=None, **settings):
    """Return pages to be served, as [web] says."""
    return Served(view or Shown(), WebSettings(**settings))


def entry(user, password):
    """Return a line of a users file, with the least cost there is."""
    return f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}\n"


async def test_the_first_page_counts_and_names_what_is_down():
    """Without JavaScript: the numbers, and the targets that are down with their errors first."""
    view = Shown([up("fine"), down("bad", error="no route to host"), state("new")])

    async with served(view) as pages:
        text = await pages.text("")

    assert '<span id="up">1</span> of <span id="total">3</span> targets up' in text
    assert text.index("bad:9888") < text.index("new:9888") < text.index("fine:9888")
    assert "no route to host" in text


async def test_the_first_page_can_be_asked_for_some_targets():
    """By the same words as stand in the address with JavaScript."""
    view = Shown([up("one", "gpu"), down("two", "gpu"), down("three", "cpu")])

    async with served(view) as pages:
        text = await pages.text("?state=down&group=gpu&text=refused")

    assert ["two:9888"] == re.findall(r">(\w+:9888)<", text)


async def test_the_first_page_stays_short_with_ten_thousand_targets():
    """A hundred rows; the rest comes as it is asked for."""
    async with served(Shown(many(10_000))) as pages:
        text = await pages.text("")

    assert 100 == text.count("/node/cluster.node")
    assert "200" in text


async def test_destinations_and_queue_are_on_the_first_page():
    """With the error, and what waits, is in memory alone, or was dropped and why."""
    losing = delivery(delivered_points=1234567, last_error="carbon: reset by peer")
    losing.spool.dropped["full"] = 4321

    async with served(Shown(deliveries=[losing])) as pages:
        texts = [await pages.text(path) for path in ("", "destinations")]

    for text in texts:
        assert "carbon.example:2004" in text
        assert "carbon: reset by peer" in text
        assert "1\u202f234\u202f567" in text
        assert "<small>full 4\u202f321</small>" in text


async def test_a_nodes_page_shows_all_its_targets():
    """With page, interval and last error; of no other node."""
    view = Shown([up("n1"), down("n1", "gpu", error="timed out"), up("n2")])

    async with served(view) as pages:
        text = await pages.text("node/cluster.n1")

    assert 2 == text.count(">http://n1:9888/metrics</a>")
    assert "timed out" in text
    assert "n2" not in text
    assert "go to Graphite" in text


async def test_nothing_that_others_say_becomes_markup():
    """Names, groups and errors are text, whatever they hold."""
    hostile = down("n1", HOSTILE, error=HOSTILE)
    losing = delivery(last_error=HOSTILE)

    async with served(Shown([hostile], [losing])) as pages:
        texts = [await pages.text(path) for path in ("", "destinations", "node/cluster.n1")]
        asked = await pages.text("?text=%22%3E%3Cscript%3Ealert(1)")
        told = await pages.json("api/targets")

    assert [] == [text for text in [*texts, asked] if "<script>alert" in text]
    assert HOSTILE == told["targets"][0]["error"] == told["destinations"][0]["error"]


async def test_programs_get_targets_by_state_and_group():
    """What there is no such state or group of is said, not an empty list."""
    view = Shown([up("a"), down("b"), down("c", "gpu")])

    async with served(view) as pages:
        by_state = await pages.json("api/targets?state=down")
        by_both = await pages.json("api/targets?state=down&group=gpu")
        refused = await pages.ask("api/targets?state=broken")
        unknown = await pages.status("api/targets?group=none")

    assert ["b:9888", "c:9888"] == [row["name"] for row in by_state["targets"]]
    assert ["c:9888"] == [row["name"] for row in by_both["targets"]]
    assert {"down": 2, "waiting": 0, "up": 1} == by_both["counts"]
    assert (400, "state must be one of down, waiting, up\n") == (refused[0], refused[2])
    assert 404 == unknown


async def test_a_reload_of_the_configuration_changes_all_pages():
    """They look at the view anew, each time."""
    view = Shown([up("before")])

    async with served(view) as pages:
        await pages.text("")
        view.states, view.deliveries = [up("after", "new")], [delivery(last_error="reset")]
        texts = [await pages.text(path) for path in ("", "metrics", "node/cluster.after")]
        found = await pages.json("sd")
        gone = await pages.status("node/cluster.before")

    assert "after:9888" in texts[0]
    assert 'section="new"' in texts[1]
    assert [["after:9888"]] == [group["targets"] for group in found]
    assert 404 == gone


async def test_prometheus_finds_the_targets():
    """A list in JSON, as its service discovery over HTTP wants it."""
    async with served(Shown([up("a"), up("b"), up("c", "gpu")])) as pages:
        found = await pages.json("sd")

    assert [["a:9888", "b:9888"], ["c:9888"]] == [group["targets"] for group in found]
    assert ["compute", "gpu"] == [group["labels"]["group"] for group in found]


async def test_lmaster_is_healthy_before_it_is_ready():
    """Ready means that the first scrapes were started."""
    view = Shown(is_ready=False)

    async with served(view) as pages:
        early = await pages.ask("-/ready")
        healthy = await pages.status("-/healthy")
        view.is_ready = True
        later = await pages.status("-/ready")

    assert (503, "not ready: the first scrapes are not started yet\n") == (early[0], early[2])
    assert (200, 200) == (healthy, later)


async def test_a_reload_says_how_it_went():
    """200 and what changed, or 400 and the problems."""
    outcomes = [ReloadOutcome(True, "2 targets more"), ReloadOutcome(False, "line 3: no port")]

    async def reload():
        return outcomes.pop(0)

    async with served(Shown(reload=reload)) as pages:
        good = await pages.ask("-/reload", "POST")
        bad = await pages.ask("-/reload", "POST")

    assert (200, "2 targets more\n") == (good[0], good[2])
    assert (400, "line 3: no port\n") == (bad[0], bad[2])


async def test_a_reload_must_be_meant():
    """No GET, nothing that a page of elsewhere or a proxy sends, nothing without a file."""
    calls = []

    async def reload():
        calls.append(1)
        return ReloadOutcome(True, "done")

    view = Shown(reload=reload)
    async with served(view) as pages:
        got = await pages.ask("-/reload")
        origin = await pages.status("-/reload", "POST", headers={"Origin": "http://evil.example"})
        proxied = await pages.status("-/reload", "POST", headers={"X-Forwarded-For": "10.0.0.1"})
        view.reload = None
        without = await pages.status("-/reload", "POST")

    assert (405, "POST") == (got[0], got[1]["Allow"])
    assert (403, 403, 400) == (origin, proxied, without)
    assert [] == calls


async def test_pages_may_be_asked_for_by_head():
    """As by GET, without the text."""
    async with served(Shown([up("a")])) as pages:
        answers = {
            path: await pages.ask(path, "HEAD") for path in ("", "metrics", "api/targets", "sd")
        }

    assert {200} == {status for status, _, _ in answers.values()}
    assert {""} == {text for _, _, text in answers.values()}
    assert all(int(headers["Content-Length"]) > 0 for _, headers, _ in answers.values())


@pytest.mark.parametrize(
    "path", ["nothing", "static/../web.py", "static/%2e%2e/web.py", "node/other", "api/plots/other"]
)
async def test_an_unknown_page_is_told_in_plain_text(path):
    """With the headers that all answers have."""
    async with served(Shown([up("a")])) as pages:
        status, headers, text = await pages.ask(path)

    assert (404, "text/plain; charset=utf-8") == (status, headers["Content-Type"])
    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "<" not in text


@pytest.mark.parametrize("path", ["", "node/cluster.a", "metrics", "static/page.css", "-/ready"])
async def test_browsers_are_told_to_run_nothing_but_lmasters_own_files(path):
    """No script or style stands in the page itself, so none has to be allowed there."""
    async with served(Shown([up("a")])) as pages:
        _, headers, text = await pages.ask(path)

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    assert [] == re.findall(r"<script>|<style|\son\w+=|\sstyle=", text)


async def test_only_users_are_answered_where_there_are_some(tmp_path):
    """Each page asks for the password; none tells what it would have said."""
    users = tmp_path / "users"
    users.write_text(entry("alice", PASSWORD))
    right, wrong = header("alice", PASSWORD), header("alice", "x")

    async with served(users_file=users) as pages:
        paths = ("", "metrics", "api/targets", "-/healthy", "nothing", "static/page.css")
        unknown = [await pages.ask(path) for path in paths]
        let_in = [await pages.status("metrics", headers=right) for _ in range(2)]
        refused = [await pages.status("metrics", headers=wrong) for _ in range(2)]

    assert {401} == {status for status, _, _ in unknown}
    assert {'Basic realm="lmaster", charset="UTF-8"'} == {
        headers["WWW-Authenticate"] for _, headers, _ in unknown
    }
    assert ([200, 200], [401, 401]) == (let_in, refused)


async def test_a_user_of_elsewhere_may_reload_where_users_are_known(tmp_path):
    """The password says who it is, so the place does not matter."""
    users = tmp_path / "users"
    users.write_text(entry("alice", PASSWORD))

    async def reload():
        return ReloadOutcome(True, "done")

    async with served(Shown(reload=reload), users_file=users) as pages:
        named = header("alice", PASSWORD)
        far = {"X-Forwarded-For": "10.0.0.1", **named}
        status = await pages.status("-/reload", "POST", headers=far)

    assert 200 == status


async def test_who_guesses_passwords_keeps_no_user_waiting(tmp_path):
    """Known users come in while guesses wait; too many guesses are told to come again."""
    path = tmp_path / "users"
    path.write_text(entry("alice", PASSWORD))
    passwords = PasswordChecker(Users(path), sleep=lambda _: asyncio.Event().wait())
    right = header("alice", PASSWORD)["Authorization"]
    assert await passwords.are_right(right)

    guesses = [
        asyncio.create_task(passwords.are_right(header("alice", str(n))["Authorization"]))
        for n in range(16)
    ]
    await asyncio.sleep(0)

    assert await passwords.are_right(right)
    with pytest.raises(aiohttp.web.HTTPServiceUnavailable):
        await passwords.are_right(header("alice", "one more")["Authorization"])
    for guess in guesses:
        guess.cancel()
    await asyncio.gather(*guesses, return_exceptions=True)


def header(user, password):
    """Return the header that names a user."""
    named = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {named}"}


async def test_a_file_that_can_not_be_used_is_told_at_the_start(tmp_path):
    """Users file or certificate, with what is wrong."""
    missing = tmp_path / "none"

    with pytest.raises(UsageError, match=r"users file .*none: can't be read"):
        await serve(Shown(), WebSettings(users_file=missing), "127.0.0.1", 0)
    with pytest.raises(UsageError, match=r"tls certificate .*none: can't be read"):
        await serve(Shown(), WebSettings(tls_certificate=missing, tls_key=missing), "127.0.0.1", 0)


async def test_more_requests_than_wanted_are_told_to_come_again():
    """Those that are being answered go on."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def reload():
        begun.set()
        await go_on.wait()
        return ReloadOutcome(True, "done")

    async with served(Shown(reload=reload), max_requests=1) as pages:
        first = asyncio.create_task(pages.status("-/reload", "POST"))
        await begun.wait()
        status, headers, text = await pages.ask("-/healthy")
        go_on.set()

        assert (503, "1") == (status, headers["Retry-After"])
        assert "1 requests are being answered already; try again\n" == text
        assert 200 == await first
        assert 200 == await pages.status("-/healthy")


async def test_the_connection_that_is_idle_longest_makes_room():
    """So that who opens many and asks nothing shuts nobody out."""
    async with served(max_connections=3) as pages:
        idle = [await asyncio.open_connection("127.0.0.1", pages.port) for _ in range(3)]
        reader, writer = idle[2]
        writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"healthy\n")

        status = await pages.status("-/healthy")
        ended = [await idle[0][0].read()]
        writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        kept = await reader.read()
        for _, one in idle:
            one.close()

    assert 200 == status
    assert [b""] == ended
    assert b" 200 OK" in kept


async def test_a_connection_that_asks_nothing_is_closed(monkeypatch):
    """After a while: it costs memory."""
    monkeypatch.setattr(listener, "_FIRST_S", 0.05)

    async with served() as pages:
        reader, writer = await asyncio.open_connection("127.0.0.1", pages.port)
        said = await reader.read()
        writer.close()

    assert b"" == said


async def test_a_taken_port_is_told_with_what_to_do():
    """And nothing is left listening."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=rf"can't listen on 127.0.0.1:{port}: .*in use; "):
            await serve(Shown(), WebSettings(), "127.0.0.1", port)


async def test_several_addresses_are_listened_on_instead_of_the_usual_one():
    """Each answers."""
    places = (Endpoint("127.0.0.1", 0), Endpoint("127.0.0.2", 0))

    async with served(listen=places) as pages, aiohttp.ClientSession() as session:
        statuses = []
        for url in pages.listener.urls:
            async with session.get(f"{url}-/healthy") as answer:
                statuses.append(answer.status)

    assert [200, 200] == statuses


def tls(pair, **more):
    """Return settings that speak TLS."""
    return {"tls_certificate": pair.certificate, "tls_key": pair.key, **more}


async def shown(authority, port, client=None):
    """Return the number of the certificate that is shown to who comes now, and the answer."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=authority.client_context(client), server_hostname="localhost"
    )
    number = writer.get_extra_info("peercert")["serialNumber"]
    writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    # That its certificate is missing a client learns only after its handshake.
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        said = await reader.read()
        writer.close()
        return number, said
    return number, b""


async def test_a_new_certificate_is_shown_to_who_comes_next(tmp_path):
    """Without a restart; a broken one leaves the old one in use."""
    ca = Authority(tmp_path)
    pair, other = ca.server(), ca.server("other")

    async with served(**tls(pair)) as pages:
        kept = pages.listener._tls
        first, said = await shown(ca, pages.port)
        pair.replace_with(other)
        kept._looked_s = 0.0
        second, _ = await shown(ca, pages.port)
        pair.key.write_text("nothing")
        kept._looked_s = 0.0
        third, _ = await shown(ca, pages.port)

    assert b" 200 OK" in said
    assert "https" == pages.url.partition(":")[0]
    assert first != second == third


async def test_clients_show_a_certificate_where_an_authority_is_named(tmp_path):
    """Who has none is not answered, nor who speaks no TLS."""
    ca = Authority(tmp_path)

    async with served(**tls(ca.server(), client_ca=ca.certificate)) as pages:
        _, let_in = await shown(ca, pages.port, ca.client())
        _, refused = await shown(ca, pages.port)
        reader, writer = await asyncio.open_connection("127.0.0.1", pages.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        said = await reader.read()
        writer.close()

    assert b" 200 OK" in let_in
    assert b"" == refused
    assert b"HTTP" not in said


async def test_a_client_that_takes_nothing_holds_no_long_answer(monkeypatch):
    """What it did not take is cut off, and others are answered meanwhile."""
    monkeypatch.setattr("fructosa_bridge.web.pages._SEND_S", 0.05)

    # More than the system takes on the way.
    view = Shown([down(error="x" * 2**24)])
    async with served(view, max_requests=1) as pages:
        reader, writer = await asyncio.open_connection("127.0.0.1", pages.port, limit=1024)
        writer.write(b"GET /api/targets HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(20):
            while await pages.status("-/healthy") == 503:
                await asyncio.sleep(0)
        with contextlib.suppress(ConnectionError):
            rest = await reader.read()
            assert len(rest) < 2**24
        writer.close()


async def test_pages_end_while_somebody_is_connected():
    """An open connection does not keep lmaster from ending."""
    async with served() as pages:
        reader, writer = await asyncio.open_connection("127.0.0.1", pages.port)
        writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"healthy\n")
        await pages.listener.close()
        said = await reader.read()
        writer.close()

    assert b"" == said
