"""The table of targets in a browser, with up to 10,000 targets."""

import asyncio
import threading
import time

import bcrypt
import pytest
import requests
from selenium.webdriver.common.by import By

from fructosa_bridge.web.pages import serve
from fructosa_service.web.settings import WebSettings

from ..bridge.fake_status import REFUSED, FakeStatus, delivery, down, many, up
from ..bridge.known_slurm import many_nodes, node, slurm
from .processes import wait_until

# One script, because the page may replace a row at any time.
NAMES = """
return [...document.querySelectorAll("#targets tbody tr")].map((row) => row.cells[1].textContent);
"""
CELLS = """
return [...document.querySelectorAll("#targets tbody tr")].map(
    (row) => [...row.cells].map((cell) => cell.textContent));
"""
MISSED = 9  # a column of the table
SHOWN = "return document.getElementById('targets').dataset.matching"
REFRESHED = "return document.getElementById('targets').dataset.refreshed"


class PageThread:
    """A thread that serves the pages, with its own event loop."""

    def __init__(self, view):
        self.view = view
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._listener = self._do(serve(view, WebSettings(), "127.0.0.1", 0))
        self.url = self._listener.urls[0]

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def end(self):
        """Stop serving."""
        self._do(self._listener.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def running():
    """A function that serves the pages of a view."""
    started = []

    def start(view):
        started.append(PageThread(view))
        return started[-1]

    yield start
    for one in started:
        one.end()


class Table:
    """The table in the browser, with the actions of a user."""

    def __init__(self, browser, url):
        self.browser = browser
        self.open(url)

    def open(self, url):
        """Open the page, and wait until the table is filled."""
        self.browser.get(url)
        wait_until(lambda: self.browser.execute_script(SHOWN), lambda: self.browser.page_source)

    @property
    def names(self):
        """The names of the targets in the table, from the top."""
        return self.browser.execute_script(NAMES)

    @property
    def cells(self):
        """The texts of the cells by row."""
        return self.browser.execute_script(CELLS)

    @property
    def found(self):
        """The number of targets that match the filter."""
        return int(self.browser.execute_script(SHOWN))

    def sort(self, column):
        """Click on the header of a column."""
        self.browser.find_element(By.CSS_SELECTOR, f'th[data-sort="{column}"] button').click()

    def state(self, name):
        """Click on the count of a state."""
        self.browser.find_element(By.CSS_SELECTOR, f'#states a[data-state="{name}"]').click()

    def find(self, text):
        """Type a text into the filter."""
        field = self.browser.find_element(By.NAME, "text")
        field.clear()
        field.send_keys(text)

    def await_refresh(self):
        """Wait until the table has been refreshed."""
        before = self.browser.execute_script(REFRESHED)
        wait_until(lambda: self.browser.execute_script(REFRESHED) != before, lambda: "no refresh")

    def browser_errors(self):
        """Return the errors of the browser, such as violations of the content security policy."""
        return [entry for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.mark.parametrize("count", [1000, 10_000])
def test_a_target_that_is_down_is_found_in_two_actions(browser, running, count):
    """A click on the number of targets that are down, and part of the name, show its error."""
    pages = running(FakeStatus(many(count), [delivery(delivered_points=12)]))
    table = Table(browser, pages.url)

    table.state("down")
    table.find("node00149")

    assert [["down", "node00149:9888", "storage"]] == [row[:3] for row in table.cells]
    assert table.cells[0][-1].endswith(f"{REFUSED} (149)")
    assert [] == table.browser_errors()


@pytest.mark.parametrize("count", [1000, 10_000])
def test_every_column_sorts_both_ways(browser, running, count):
    """Numbers are sorted by size, names by the numbers in them; only the first rows are checked."""
    view = FakeStatus(many(count))
    table = Table(browser, running(view).url)
    keys = {
        "name": lambda one: one.target.name,
        "group": lambda one: one.target.group,
        "down": lambda one: one.down_since_s,
        "last": lambda one: one.due_s,
        "duration": lambda one: one.duration_s,
        "samples": lambda one: one.samples,
        "missed": lambda one: one.missed,
        "interval": lambda one: one.target.interval_s,
    }

    def expected(key, is_down):
        ordered = sorted(view.states, key=lambda one: one.target.name)
        # Targets without a value come last in both orders.
        without = [one for one in ordered if key(one) is None]
        ordered = [one for one in ordered if key(one) is not None]
        ordered.sort(key=key, reverse=is_down)
        return [one.target.name for one in (*ordered, *without)[:100]]

    for column, key in keys.items():
        table.sort(column)
        first = table.names
        table.sort(column)
        second = table.names
        # Columns with numbers are first sorted in descending order.
        is_down = column not in ("name", "group")
        assert (column, expected(key, is_down)) == (column, first)
        assert (column, expected(key, not is_down)) == (column, second)
    assert 100 == len(table.names)


def test_targets_with_problems_sort_to_the_top(browser, running):
    """Targets without an error come last in both orders."""
    states = [up("a"), down("b", error="timed out"), down("c", error="refused"), up("d")]
    table = Table(browser, running(FakeStatus(states)).url)

    assert ["b:9888", "c:9888", "a:9888", "d:9888"] == table.names
    table.sort("error")
    assert ["c:9888", "b:9888", "a:9888", "d:9888"] == table.names
    table.sort("error")
    assert ["b:9888", "c:9888", "a:9888", "d:9888"] == table.names


def test_a_refresh_keeps_filter_order_and_scroll_position(browser, running):
    """Only the values change."""
    view = FakeStatus(many(1000))
    table = Table(browser, running(view).url)
    table.find("node")
    table.sort("samples")
    browser.set_window_size(1000, 500)
    browser.execute_script("scrollTo(0, 700)")
    place = browser.execute_script("return scrollY")
    link = browser.find_element(By.CSS_SELECTOR, "#targets tbody tr:nth-child(20) a")
    before, first = table.names, table.cells[0]

    next(one for one in view.states if one.target.name == before[0]).missed = 4321
    table.await_refresh()

    assert 700 == place == browser.execute_script("return scrollY")
    assert before == table.names
    assert "4,321" == table.cells[0][MISSED] != first[MISSED]
    assert before[19] == link.text
    assert browser.current_url.endswith("?text=node&sort=-samples")


def test_the_url_contains_filter_order_and_page(browser, running):
    """Opening it shows the same rows."""
    table = Table(browser, running(FakeStatus(many(1000, 3))).url)
    table.state("down")
    browser.find_element(By.CSS_SELECTOR, 'select[name="group"]').send_keys("gpu")
    table.sort("duration")
    browser.find_element(By.ID, "next").click()
    address, names = browser.current_url, table.names

    browser.get("about:blank")
    table.open(address)

    assert address.endswith("?state=down&group=gpu&sort=-duration&page=2")
    assert names == table.names
    assert {("down", "gpu")} == {(row[0][-4:], row[2]) for row in table.cells}


def test_ten_thousand_targets_are_shown_in_pages_of_a_hundred_rows(browser, running):
    """The buttons lead to the other pages."""
    table = Table(browser, running(FakeStatus(many(10_000))).url)
    table.sort("name")
    first = table.names
    browser.find_element(By.ID, "next").click()
    second = table.names
    browser.find_element(By.ID, "previous").click()

    assert ["node00000:9888", "node00100:9888"] == [first[0], second[0]]
    assert first == table.names
    assert 10_000 == table.found
    assert "1\u2013100 of 10,000" == browser.find_element(By.ID, "match-count").text


def test_counts_update_without_a_reload(browser, running):
    """A target that comes up disappears from the filter `down`, and the heading changes."""
    view = FakeStatus([up("a"), down("b")])
    table = Table(browser, running(view).url)
    table.state("down")

    view.states = [up("a"), up("b"), up("c")]
    table.await_refresh()

    assert [] == table.names
    assert "No target matches. Show all" == browser.find_element(By.ID, "no-match").text
    assert "3 of 3 targets up" == browser.find_element(By.TAG_NAME, "h1").text


def test_the_page_shows_that_lmaster_does_not_respond(browser, running):
    """The old rows stay."""
    pages = running(FakeStatus([up("a")]))
    table = Table(browser, pages.url)

    pages._do(pages._listener.close())
    error = browser.find_element(By.ID, "fetch-error")
    wait_until(error.is_displayed, lambda: browser.page_source)

    assert "lmaster does not respond" in error.text
    assert ["a:9888"] == table.names


def test_markup_in_names_and_errors_is_escaped(browser, running):
    """Both in the table and on the page of a node."""
    hostile = "<img src=x onerror=document.title='owned'>"
    table = Table(browser, running(FakeStatus([down("n1", hostile, error=hostile)])).url)

    seen = table.cells[0]
    browser.find_element(By.LINK_TEXT, "n1:9888").click()
    page = browser.find_element(By.TAG_NAME, "main").text

    assert (hostile, hostile) == (seen[2], seen[-1])
    assert 2 == page.count(hostile)
    assert "cluster.n1 - lmaster" == browser.title
    assert [] == browser.find_elements(By.TAG_NAME, "img")


def cluster(**settings):
    """Return a view of five nodes: drained, dead, lagent alone dead, lost by Slurm, and well."""
    nodes = [
        node("drained", "IDLE+DRAIN", "bad DIMM", by="alice", since_s=time.time() - 26 * 86400),
        node("dead", "DOWN+NOT_RESPONDING", "Not responding", since_s=time.time() - 3000),
        node("silent", "MIXED"),
        node("lost", "DOWN", "Not responding", since_s=time.time() - 9000),
        node("well", "IDLE"),
        node("spare", "IDLE"),
    ]
    states = [down("drained"), down("dead"), down("silent"), up("lost"), up("well"), up("login")]
    return FakeStatus(states, [delivery()], slurm=slurm(*nodes, **settings))


def test_targets_are_filtered_by_what_slurm_says_of_them(browser, running):
    """Drained is not dead; a click on a count filters, a second one shows all again."""
    table = Table(browser, running(cluster()).url)

    def conditions():
        links = browser.find_elements(By.CSS_SELECTOR, "#conditions a")
        return {one.get_attribute("data-condition"): one for one in links if one.is_displayed()}

    shown = {name: link.find_element(By.TAG_NAME, "b").text for name, link in conditions().items()}
    assert {"died": "2", "agent_dead": "1", "lost_by_slurm": "1", "drained": "1"} == shown
    assert ["dead:9888", "silent:9888", "drained:9888"] == table.names[:3]
    for name, names in {
        "died": ["dead:9888", "silent:9888"],
        "agent_dead": ["silent:9888"],
        "lost_by_slurm": ["lost:9888"],
        "drained": ["drained:9888"],
    }.items():
        conditions()[name].click()
        assert (name, names) == (name, table.names)
        assert browser.current_url.endswith(f"?condition={name}")
        conditions()[name].click()
        assert 6 == table.found
    browser.find_element(By.CSS_SELECTOR, 'select[name="slurm"]').send_keys("unlisted")
    assert ["login:9888"] == table.names
    assert [] == table.browser_errors()


def test_the_column_of_slurm_has_state_time_and_reason(browser, running):
    """And names what contradicts the scrape; the search finds reasons."""
    view = cluster(has_reason_user=True)
    table = Table(browser, running(view).url)

    texts = {row[1].partition(":")[0]: row[3] for row in table.cells}
    table.find("dimm")

    assert "drained26 days ago \u00b7 bad DIMM \u00b7 alice" == texts["drained"]
    assert texts["silent"].startswith("mixedlagent is dead")
    assert texts["lost"].startswith("downSlurm has lost it")
    assert ["drained:9888"] == table.names


def test_what_slurm_says_updates_without_a_reload(browser, running):
    """Also whether slurmctld responds, and whether there is a Slurm at all."""
    view = cluster()
    table = Table(browser, running(view).url)
    alert, section = (browser.find_element(By.ID, name) for name in ("slurmctld", "slurm"))
    assert (False, True) == (alert.is_displayed(), section.is_displayed())
    assert "spare" in browser.find_element(By.ID, "mismatches").get_attribute("textContent")

    view.slurm = slurm(node("drained"), time_s=time.time() - 600, is_up=False)
    table.await_refresh()
    assert "10 min ago" in alert.text
    assert "idle" in next(row[3] for row in table.cells if row[1] == "drained:9888")

    view.slurm = None
    table.await_refresh()
    assert (False, False) == (alert.is_displayed(), section.is_displayed())
    assert not browser.find_element(By.CSS_SELECTOR, "th.slurm").is_displayed()


def test_promtool_accepts_the_metrics_of_lmaster(promtool, running):
    """There are targets in all states, a destination, and a Slurm; thousands of nodes."""
    view = FakeStatus(many(1000), [delivery(last_error="reset")], reload_time_s=time.time())
    view.slurm = slurm(*many_nodes(1000))
    url = running(view).url
    pages = [requests.get(url + path, timeout=10).text for path in ("metrics", "metrics/nodes")]

    assert [(0, ""), (0, "")] == [promtool(page) for page in pages]
    assert "fructosa_slurm_node_state" in pages[1]


def test_screenshots_of_the_pages_are_saved(browser, running, request):
    """They are in test-output, for people to look at."""
    states = many(1000, 40, time.time())
    losing = delivery(delivered_points=48_210_000, last_error="carbon.example:2004: reset by peer")
    losing.spool.dropped["full"] = 4321
    pages = running(FakeStatus(states, [losing]))
    output = request.config.rootpath / "test-output"
    output.mkdir(exist_ok=True)

    Table(browser, pages.url)
    browser.save_screenshot(output / "targets.png")
    browser.get(f"{pages.url}node/cluster.node00039")
    browser.save_screenshot(output / "target.png")
    url = running(cluster()).url
    for name, width in (("slurm-targets", 1300), ("slurm-targets-narrow", 500)):
        browser.set_window_size(width, 1000)
        Table(browser, url)
        assert browser.save_screenshot(output / f"{name}.png")


def test_the_section_web_restricts_lmasters_pages_to_users(agent, master, tmp_path):
    """Without the right password the status is 401."""
    users, config = tmp_path / "users", tmp_path / "lmaster.conf"
    users.write_text(f"alice:{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
    host, port = agent.address.split(":")
    config.write_text(
        f"[nodes:all]\nhosts = {host}\nport = {port}\ninterval = 1\n[Graphite]\nsend = no\n"
        f"[web]\nusers file = {users}\n"
    )

    url = master("-c", config).url
    statuses = [
        requests.get(f"{url}{path}", auth=auth, timeout=10).status_code
        for path in ("", "metrics")
        for auth in (None, ("alice", "wrong"), ("alice", "secret"))
    ]

    assert [401, 401, 200] * 2 == statuses
