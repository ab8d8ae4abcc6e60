"""The pages over HTTP: status pages, JSON API, service discovery, reload."""

import asyncio
import re

import pytest

from fructosa_bridge.slurm_states.conditions import AGENT_DEAD, LOST_BY_SLURM, NAMES
from fructosa_bridge.web.discovery import NODES_JOB
from fructosa_bridge.web.status import ReloadOutcome

from ..fake_status import FakeStatus, delivery, down, many, state, up
from ..known_slurm import node, slurm
from .served import PASSWORD, basic_auth, served, users_line

HOSTILE = "<script>alert(1)</script>\"'&\n\u202e"


async def test_the_first_page_counts_targets_and_lists_those_that_are_down_first():
    """Without JavaScript, and with their errors."""
    source = FakeStatus([up("fine"), down("bad", error="no route to host"), state("new")])

    async with served(source) as pages:
        text = await pages.text("")

    assert '<span id="up">1</span> of <span id="total">3</span> targets up' in text
    assert text.index("bad:9888") < text.index("new:9888") < text.index("fine:9888")
    assert "no route to host" in text


async def test_the_first_page_filters_targets_by_the_query():
    """Its parameters are those of the JavaScript table."""
    source = FakeStatus([up("one", "gpu"), down("two", "gpu"), down("three", "cpu")])

    async with served(source) as pages:
        text = await pages.text("?state=down&group=gpu&text=refused")

    assert ["two:9888"] == re.findall(r">(\w+:9888)<", text)


async def test_the_first_page_stays_small_with_ten_thousand_targets():
    """It has a hundred rows; JavaScript fetches the others."""
    async with served(FakeStatus(many(10_000))) as pages:
        text = await pages.text("")

    assert 100 == text.count("/node/cluster.node")
    assert "200" in text


async def test_destinations_and_queue_are_on_the_first_page():
    """With the last error, and the points that were dropped, by reason."""
    losing = delivery(delivered_points=1234567, last_error="carbon: reset by peer")
    losing.spool.dropped["full"] = 4321

    async with served(FakeStatus(deliveries=[losing])) as pages:
        texts = [await pages.text(path) for path in ("", "destinations")]

    for text in texts:
        assert "carbon.example:2004" in text
        assert "carbon: reset by peer" in text
        assert "1,234,567" in text
        assert "<small>full 4,321</small>" in text


async def test_the_page_of_a_node_lists_all_its_targets():
    """And those of no other node."""
    source = FakeStatus([up("n1"), down("n1", "gpu", error="timed out"), up("n2")])

    async with served(source) as pages:
        text = await pages.text("node/cluster.n1")

    assert 2 == text.count(">http://n1:9888/metrics</a>")
    assert "timed out" in text
    assert "n2" not in text
    assert "to Graphite" in text


async def test_names_and_errors_never_become_markup():
    """Whatever configuration, nodes and destinations contain."""
    hostile = down("n1", HOSTILE, error=HOSTILE)
    losing = delivery(last_error=HOSTILE)

    async with served(FakeStatus([hostile], [losing])) as pages:
        texts = [await pages.text(path) for path in ("", "destinations", "node/cluster.n1")]
        searched = await pages.text("?text=%22%3E%3Cscript%3Ealert(1)")
        json = await pages.json("api/targets")

    assert [] == [text for text in [*texts, searched] if "<script>alert" in text]
    assert HOSTILE == json["targets"][0]["error"] == json["destinations"][0]["error"]


async def test_the_api_filters_targets_by_state_and_group():
    """An unknown state or group is an error, rather than an empty list."""
    source = FakeStatus([up("a"), down("b"), down("c", "gpu")])

    async with served(source) as pages:
        by_state = await pages.json("api/targets?state=down")
        by_both = await pages.json("api/targets?state=down&group=gpu")
        unknown_state = await pages.request("api/targets?state=broken")
        unknown_group = await pages.status("api/targets?group=none")

    assert ["b:9888", "c:9888"] == [row["name"] for row in by_state["targets"]]
    assert ["c:9888"] == [row["name"] for row in by_both["targets"]]
    assert {"down": 2, "waiting": 0, "up": 1} == by_both["counts"]
    assert (400, "state must be one of down, waiting, up\n") == unknown_state[::2]
    assert 404 == unknown_group


async def test_a_reload_of_the_configuration_changes_all_pages():
    """They read the source anew for each request."""
    source = FakeStatus([up("before")])

    async with served(source) as pages:
        await pages.text("")
        source.states, source.deliveries = [up("after", "new")], [delivery(last_error="reset")]
        texts = [await pages.text(path) for path in ("", "metrics", "node/cluster.after")]
        groups = await pages.json("sd")
        removed = await pages.status("node/cluster.before")

    assert "after:9888" in texts[0]
    assert 'section="new"' in texts[1]
    assert [["after:9888"]] == [group["targets"] for group in groups]
    assert 404 == removed


async def test_service_discovery_lists_the_targets_by_group():
    """As Prometheus's http_sd expects."""
    async with served(FakeStatus([up("a"), up("b"), up("c", "gpu")])) as pages:
        groups = await pages.json("sd")

    assert [["a:9888", "b:9888"], ["c:9888"]] == [group["targets"] for group in groups]
    assert ["compute", "gpu"] == [group["labels"]["group"] for group in groups]


async def test_lmaster_is_healthy_before_it_is_ready():
    """It is ready once the first scrapes have been started."""
    source = FakeStatus(is_ready=False)

    async with served(source) as pages:
        early = await pages.request("-/ready")
        healthy = await pages.status("-/healthy")
        source.is_ready = True
        later = await pages.status("-/ready")

    assert 503 == early[0]
    assert early[2].startswith("not ready: ")
    assert (200, 200) == (healthy, later)


async def test_a_reload_reports_its_outcome():
    """200 and what has changed, or 400 and the problems."""
    outcomes = [ReloadOutcome(True, "2 targets more"), ReloadOutcome(False, "line 3: no port")]

    async def reload():
        return outcomes.pop(0)

    async with served(FakeStatus(reload=reload)) as pages:
        good = await pages.request("-/reload", "POST")
        bad = await pages.request("-/reload", "POST")

    assert (200, "2 targets more\n") == (good[0], good[2])
    assert (400, "line 3: no port\n") == (bad[0], bad[2])


async def test_a_reload_must_be_a_local_post_of_the_same_origin():
    """Not a GET, from another site's page, or through a proxy; and there must be a file."""
    calls = []

    async def reload():
        calls.append(1)
        return ReloadOutcome(True, "done")

    source = FakeStatus(reload=reload)
    async with served(source) as pages:
        get = await pages.request("-/reload")
        origin = await pages.status("-/reload", "POST", headers={"Origin": "http://evil.example"})
        proxied = await pages.status("-/reload", "POST", headers={"X-Forwarded-For": "10.0.0.1"})
        source.reload = None
        without_file = await pages.status("-/reload", "POST")

    assert (405, "POST") == (get[0], get[1]["Allow"])
    assert (403, 403, 400) == (origin, proxied, without_file)
    assert [] == calls


@pytest.mark.parametrize(
    ("site", "expected"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)],
)
async def test_a_reload_that_a_browser_sends_for_another_site_is_refused(site, expected):
    """Also without the header Origin."""

    async def reload():
        return ReloadOutcome(True, "done")

    async with served(FakeStatus(reload=reload)) as pages:
        headers = {"Sec-Fetch-Site": site}

        assert expected == await pages.status("-/reload", "POST", headers=headers)


async def test_one_reload_waits_for_another_and_no_more():
    """They would take the places of pages."""
    may_finish = asyncio.Event()

    async def reload():
        await may_finish.wait()
        return ReloadOutcome(True, "done")

    async with served(FakeStatus(reload=reload)) as pages:
        three = [asyncio.create_task(pages.status("-/reload", "POST")) for _ in range(3)]
        (refused,), waiting = await asyncio.wait(three, return_when=asyncio.FIRST_COMPLETED)
        may_finish.set()

        assert 503 == await refused
        assert [200, 200] == [await one for one in waiting]


async def test_the_metrics_are_made_once_a_second():
    """It takes time in the event loop, which scrapes need."""
    source = FakeStatus([up("a")])
    async with served(source) as pages:
        first = await pages.text("metrics")
        source.states = []

        assert first == await pages.text("metrics")


async def test_users_may_reload_from_anywhere(tmp_path):
    """If there is a users file."""
    users = tmp_path / "users"
    users.write_text(users_line("alice", PASSWORD))

    async def reload():
        return ReloadOutcome(True, "done")

    async with served(FakeStatus(reload=reload), users_file=users) as pages:
        headers = {"X-Forwarded-For": "10.0.0.1", **basic_auth("alice", PASSWORD)}
        status = await pages.status("-/reload", "POST", headers=headers)

    assert 200 == status


async def test_head_requests_get_the_headers_of_get():
    """And no body."""
    async with served(FakeStatus([up("a")])) as pages:
        responses = [
            await pages.request(path, "HEAD") for path in ("", "metrics", "api/targets", "sd")
        ]

    assert {200} == {status for status, _, _ in responses}
    assert {""} == {text for _, _, text in responses}
    assert all(int(headers["Content-Length"]) > 0 for _, headers, _ in responses)


@pytest.mark.parametrize(
    "path", ["nothing", "static/../web.py", "static/%2e%2e/web.py", "node/other", "api/plots/other"]
)
async def test_an_unknown_page_is_a_404_in_plain_text(path):
    """With the headers that all responses have."""
    async with served(FakeStatus([up("a")])) as pages:
        status, headers, text = await pages.request(path)

    assert (404, "text/plain; charset=utf-8") == (status, headers["Content-Type"])
    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "<" not in text


async def test_clients_that_do_not_read_take_no_place_from_others():
    """A request counts while its page is made, not while it is read."""
    # More than the system's socket buffers hold.
    source = FakeStatus([down(error="x" * 2**23)])
    async with served(source, max_requests=1) as pages, asyncio.timeout(30):
        slow = [await asyncio.open_connection("127.0.0.1", pages.port) for _ in range(3)]
        for reader, writer in slow:
            writer.write(b"GET /api/targets HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
        status = await pages.status("destinations")
        for _, writer in slow:
            writer.close()

    assert 200 == status


def drained(**settings):
    """Return a source with a drained node, a lost one, and one where lagent alone is dead."""
    nodes = [
        node("n1", "IDLE+DRAIN", "bad DIMM <1>", by="alice", since_s=1e9),
        node("n2", "DOWN", "Not responding"),
        node("n3", "MIXED"),
    ]
    states = [down("n1"), up("n2"), down("n3")]
    return FakeStatus(states, slurm=slurm(*nodes, **settings))


async def test_the_first_page_says_what_slurm_says_of_a_target():
    """State, reason and time; contradictions are named; those that died come first."""
    async with served(drained()) as pages:
        text = await pages.text("")

    assert text.index("n3:9888") < text.index("n1:9888") < text.index("n2:9888")
    assert " ago \u00b7 bad DIMM &lt;1&gt;</small>" in text
    assert "alice" not in text
    assert f"{NAMES[AGENT_DEAD]}</small>" in text
    assert f"{NAMES[LOST_BY_SLURM]} \u00b7 Not responding" in text
    assert 'state down planned">down' in text


async def test_who_set_a_reason_is_on_the_pages_on_request():
    """On both pages that show the target."""
    async with served(drained(has_reason_user=True)) as pages:
        texts = [await pages.text(path) for path in ("", "node/cluster.n1")]

    assert all(" \u00b7 alice</small>" in text for text in texts)


async def test_the_first_page_filters_by_the_state_of_slurm_and_by_condition():
    """Without JavaScript."""
    async with served(drained()) as pages:
        texts = [
            await pages.text(query)
            for query in ("?slurm=drained", "?condition=died", "?text=dimm", "?slurm=idle")
        ]

    found = [re.findall(r">(n\d):9888<", text) for text in texts]
    assert [["n1"], ["n3"], ["n1"], []] == found


async def test_the_first_page_says_that_slurmctld_does_not_respond():
    """With the age of the states that it shows."""
    async with served(drained(is_up=False)) as pages, served(drained()) as others:
        texts = [await one.text("") for one in (pages, others)]

    assert [False, True] == [bool(re.search('id="slurmctld"[^>]* hidden', text)) for text in texts]


@pytest.mark.parametrize("known", [None, slurm()])
async def test_pages_without_slurm_are_as_before(known):
    """Nor does anything fail before the first reading."""
    async with served(FakeStatus([down("n1")], slurm=known)) as pages:
        text = await pages.text("")
        node_page = await pages.text("node/cluster.n1")

    assert (known is None) == ("no-slurm" in text) == ("no-slurm" in node_page)


async def test_an_unknown_condition_is_an_error():
    """The response says which there are."""
    async with served(drained()) as pages:
        status, _, text = await pages.request("api/targets?condition=tired")

    assert 400 == status
    assert "agent_dead" in text


async def test_the_summary_of_slurm_has_that_of_the_targets():
    """`lmaster check` prints what does not match."""
    async with served(drained()) as pages, served() as others:
        found, without = await pages.json("api/slurm"), await others.json("api/slurm")

    assert 1 == found["targets"]["conditions"]["drained"]
    assert {"is_configured": False} == without


async def test_prometheus_finds_the_page_of_nodes_where_it_found_the_list():
    """Only with Slurm; so do all targets have a label with the name of the node."""
    async with served(drained()) as pages, served(FakeStatus([up("n1")])) as others:
        *nodes, own = await pages.json("sd")
        (other,) = await others.json("sd")
        text = await pages.text(own["labels"]["__metrics_path__"].lstrip("/"))

    assert ["n1", "n2", "n3"] == [group["labels"]["node"] for group in nodes]
    assert ([f"127.0.0.1:{pages.port}"], NODES_JOB) == (own["targets"], own["labels"]["job"])
    assert "node" not in other["labels"]
    assert 'fructosa_node_expected{node="n1",instance="n1:9888"} 0' in text
