"""The status page in a browser."""

import os
import re
import sys

import requests
from selenium.webdriver.common.by import By

from fructosa_bridge.scrape.scrape_errors import REFUSED

from .processes import Program, free_port, wait_until
from .test_demo import DEMO, PAGE_OF_DEMO

# One script, because the page may replace a plot at any time.
PLOTS = """
return Object.fromEntries([...document.querySelectorAll(".plot:has(canvas)")].map(
    (box) => [box.querySelector("h2").textContent, Number(box.dataset.last)]));
"""
LEGEND = "return document.querySelector('.plot .u-legend').textContent"


def plots(browser):
    """Return the titles of the drawn plots, with the time of their latest point."""
    return browser.execute_script(PLOTS)


def states(running):
    """Return the states of all targets."""
    answer = requests.get(f"{running.url}api/targets", timeout=5).json()
    return [target["state"] for target in answer["targets"]]


def test_the_page_of_the_demo_shows_plots_that_update(browser, tmp_path, request):
    """New points appear without a reload, and all requests go to the loopback address."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with Program(tmp_path / "log", sys.executable, DEMO, "--interval", "1", env=env) as demo:
        browser.get(demo.wait_for_output(PAGE_OF_DEMO)[1])
        wait_until(lambda: "CPU utilization" in plots(browser), lambda: browser.page_source)
        first_s = plots(browser)["CPU utilization"]
        wait_until(
            lambda: plots(browser)["CPU utilization"] >= first_s + 2,
            lambda: f"moved from {first_s} to {plots(browser)}",
        )
        output = request.config.rootpath / "test-output"
        output.mkdir(exist_ok=True)
        browser.save_screenshot(output / "node.png")

        assert {"CPU utilization", "Memory", "Filesystem usage"} <= set(plots(browser))
        assert re.search(r"mean.*\d %", browser.execute_script(LEGEND))
        fetched = "return performance.getEntriesByType('resource').map(entry => entry.name)"
        assert all("//127.0.0.1:" in url for url in browser.execute_script(fetched))
        assert [] == [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_the_table_of_targets_links_to_nodes(agent, master, browser, tmp_path):
    """A target that is down comes first, with its error."""
    dead = f"127.0.0.2:{free_port()}"
    data = ("--data", tmp_path / "data", "--interval", "1")
    running = master("--node", agent.address, "--node", dead, *data)
    wait_until(lambda: "waiting" not in states(running), running.text)

    browser.get(running.url)
    rows = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "#targets tbody tr")]
    browser.find_element(By.LINK_TEXT, agent.address).click()

    assert re.fullmatch(rf"down {dead} all\s.* {re.escape(REFUSED)}", rows[0], re.DOTALL)
    assert re.match(rf"up {agent.address} all\s", rows[1])
    assert browser.current_url == f"{running.url}node/127-0-0-1"


def test_other_paths_have_the_right_status(agent, master, tmp_path):
    """Health, JSON, plots of unknown nodes, and attempts to leave the folder of static files."""
    running = master("--node", agent.address, "--data", tmp_path / "data", "--interval", "1")

    def status(path):
        return requests.get(f"{running.url}{path}", timeout=5).status_code

    state = requests.get(f"{running.url}api/targets", timeout=5).json()

    assert [agent.address] == [target["name"] for target in state["targets"]]
    assert [0] == [destination["dropped"] for destination in state["destinations"]]
    assert (200, 200) == (status("-/healthy"), status("node/127-0-0-1"))
    assert (200, 200) == (status("-/ready"), status("sd"))
    assert (404, 404) == (status("node/other"), status("api/plots/other"))
    assert (400, 400) == (
        status("api/plots/127-0-0-1?minutes=x"),
        status("api/plots/127-0-0-1?minutes=0"),
    )
    assert (404, 404) == (status("static/../web.py"), status("static/%2e%2e/web.py"))


def test_without_the_embedded_store_the_page_has_no_plots(agent, master):
    """It says that the points go to Graphite, which can plot them."""
    running = master("--node", agent.address, "--graphite", f"127.0.0.1:{free_port()}")

    page = requests.get(f"{running.url}node/127-0-0-1", timeout=5).text

    assert "to Graphite. Plot it there" in page
    assert [] == requests.get(f"{running.url}api/plots/127-0-0-1", timeout=5).json()
