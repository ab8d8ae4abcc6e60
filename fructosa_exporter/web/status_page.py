"""The status page: all sensors and their states, as HTML. Pure."""

from collections.abc import Iterable

from fructosa_exporter.page.sensor_state import SensorState
from fructosa_service.humanize import age, duration

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})

WITH_FAILING = "{count} sensors, {failed} failing."

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>lagent on {node}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem;
  padding: 0 1rem; color: #1d2733; }}
h1 {{ font-size: 1.5rem; margin-bottom: 0; }}
p {{ margin: .3rem 0 1.2rem; color: #52606d; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .35rem .7rem; border-bottom: 1px solid #e4e7eb;
  vertical-align: top; }}
th {{ font-size: .8rem; color: #52606d; }}
.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
a {{ color: #0b69a3; text-decoration: none; }}
.ok {{ color: #1f7a4d; }} .bad {{ color: #b42318; font-weight: 600; }} .none {{ color: #7b8794; }}
small {{ color: #52606d; }}
</style></head><body>
<h1>lagent on {node}</h1>
<p>FrUCToSA {version}. Metrics: <a href="/metrics">/metrics</a>.
Health check: <a href="/-/healthy">/-/healthy</a>.
{summary}</p>
<table><thead><tr><th>sensor</th><th>state</th><th class="n">samples</th>
<th class="n">duration</th><th class="n">age</th><th class="n">interval</th></tr></thead><tbody>
{rows}</tbody></table>
</body></html>
"""

_ROW = (
    '<tr><td><a href="/metrics?collect[]={name}">{name}</a><br><small>{summary}</small></td>'
    '<td class="{style}">{state}</td><td class="n">{samples}</td><td class="n">{duration}</td>'
    '<td class="n">{age}</td><td class="n">{interval}</td></tr>\n'
)


def status_page(states: Iterable[SensorState], node: str, version: str) -> str:
    """Return the page of *states* as HTML, with failed sensors first."""
    rated = [(_style_and_text(state), state) for state in states]
    rated.sort(key=lambda one: one[0][0] != "bad")
    failed = sum(style == "bad" for (style, _), _ in rated)
    summary = (
        WITH_FAILING.format(count=len(rated), failed=failed) if failed else f"{len(rated)} sensors."
    )
    rows = "".join(_row(state, style, text) for (style, text), state in rated)
    return _PAGE.format(node=_escaped(node), version=_escaped(version), summary=summary, rows=rows)


def _style_and_text(state: SensorState) -> tuple[str, str]:
    """Return the CSS class and the text of the column *state*."""
    if state.is_stuck:
        return "bad", f"has hung for {duration(state.duration_s or 0)}"
    if state.reading is None:
        return "none", "is being read" if state.is_pending else "not scraped yet"
    if state.reading.error:
        return "bad", state.reading.error
    if state.reading.unavailable:
        return "none", state.reading.unavailable
    return "ok", "ok"


def _row(state: SensorState, style: str, text: str) -> str:
    last, sensor = state.last, state.sensor
    samples = (
        "" if last is None else str(len(last.values) + sum(len(f.lines) for f in last.families))
    )
    return _ROW.format(
        name=_escaped(sensor.name),
        summary=_escaped(type(sensor).summary()),
        style=style,
        state=_escaped(text),
        samples=samples,
        duration="" if state.duration_s is None else duration(state.duration_s),
        age="" if state.age_s is None else age(state.age_s),
        interval=f"{sensor.options.time_interval:g} s",
    )


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode().translate(_ESCAPES)
