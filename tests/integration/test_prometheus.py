"""An existing Prometheus, pointed at an agent."""

import requests


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
    assert ask("rate(fructosa_cpu_seconds_total[1m])") is not None
    assert {0.0} != {found for _, found in ask("fructosa_sensor_success")}


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
