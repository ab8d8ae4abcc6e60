"""An existing Prometheus, pointed at an agent."""

import requests

from .processes import wait_until


def page(agent):
    """Return the agent's page."""
    answer = requests.get(agent.url, timeout=10)
    answer.raise_for_status()
    return answer.text


def value(page, series):
    """Return the value of the line of a series."""
    (line,) = [line for line in page.splitlines() if line.startswith(f"{series} ")]
    return float(line.rpartition(" ")[2])


def test_prometheus_scrapes_the_agent_and_answers_its_values(agent, prometheus):
    """Facts that don't change come back as the page says them."""
    ask = prometheus(agent.place)
    said = page(agent)

    for series in (
        "fructosa_boot_time_seconds",
        "fructosa_memory_total_bytes",
        "fructosa_cpu_threads",
        'fructosa_filesystem_total_bytes{mountpoint="/"}',
    ):
        assert [value(said, series)] == [found for _, found in ask(series)]
    successes = {labels["sensor"]: found for labels, found in ask("fructosa_sensor_success")}
    assert {
        sensor: value(said, f'fructosa_sensor_success{{sensor="{sensor}"}}') for sensor in successes
    } == successes
    assert said.count("\nfructosa_sensor_success{") == len(successes) > 0


def test_prometheus_derives_rates_of_the_agents_counters(agent, prometheus):
    """Two scrapes are enough for one."""
    ask = prometheus(agent.place)
    rate = 'rate(fructosa_cpu_seconds_total{mode="idle"}[1m])'

    rates = wait_until(lambda: ask(rate), lambda: rate)

    assert all(0 <= found < 10 for _, found in rates)


def test_promtool_finds_nothing_to_say_about_the_default_page(agent, promtool):
    """Names, types, units and help are as the field wants them."""
    assert (0, "") == promtool(page(agent))


def test_promtool_finds_nothing_to_say_about_any_sensor(full_agent, promtool):
    """Also with all twenty, and all that they tell only on request."""
    assert (0, "") == promtool(page(full_agent))


def test_promtool_would_find_something(promtool):
    """The check can fail."""
    code, said = promtool("# HELP queueLength Things.\n# TYPE queueLength counter\nqueueLength 1\n")

    assert code == 3
    assert "queueLength" in said
