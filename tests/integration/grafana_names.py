"""The names that Grafana 7.5 and a current one both know: units, calculations and the like.

They are read out of the sources of its packages, which tests/install-services.sh puts into
.node-grafana: loading those in Node would take hundreds of others.
"""

import re
from functools import cache

from .grafana_migrated import flat
from .grafana_types import NODE, SCHEMA

OLD = NODE / "grafana-data-7.5.17/package"
CURRENT = NODE / "grafana-data-13.2.3/package/dist/esm"


def strangers(model):
    """Return the names in a dashboard that not both Grafanas know: ``[(panel, what, name)]``."""
    return [
        (panel.get("title"), what, name)
        for panel in flat(model["panels"])
        for what, name in names(panel)
        if name not in KNOWN[what]() and not (what == "unit" and name.startswith(OWN_UNITS))
    ]


# A unit that says how it is to be written, which both Grafanas take.
OWN_UNITS = ("prefix:", "suffix:", "si:", "count:", "currency:")


def names(panel):
    """Return what a panel's settings name, and as what."""
    config = panel.get("fieldConfig", {})
    fields = [config.get("defaults", {})]
    for override in config.get("overrides", ()):
        fields += [{one["id"]: one.get("value")} for one in override["properties"]]
    for field in fields:
        if "unit" in field:
            yield "unit", field["unit"]
        if "color" in field:
            yield "color mode", field["color"]["mode"]
    options = panel.get("options", {})
    calculations = [*options.get("legend", {}).get("calcs", ())]
    calculations += options.get("reduceOptions", {}).get("calcs", ())
    for transformation in panel.get("transformations", ()):
        yield "transformation", transformation["id"]
        calculations += transformation.get("options", {}).get("reducers", ())
    yield from (("calculation", name) for name in calculations)
    if panel.get("type") == "heatmap":
        yield "unit", panel["yAxis"]["format"]


@cache
def known_units():
    """Return the ids of units that both Grafanas list."""
    old = between(source_75(), "var getCategories", "]; };")
    now = (CURRENT / "valueFormats/categories.mjs").read_text()
    return found(r"\bid: '([^']+)'", old) & found(r'\bid: "([^"]+)"', now)


@cache
def known_reducers():
    """Return the ids of calculations that both Grafanas have."""
    old = found(r"\bid: exports\.ReducerID\.(\w+)", source_75())
    now = (CURRENT / "transformations/fieldReducer.mjs").read_text()
    return old & found(r'ReducerID\w*\["(\w+)"\]', now)


@cache
def known_transformations():
    """Return the ids of transformations that both Grafanas carry out, by whichever name."""
    folder = CURRENT / "transformations/transformers"
    now = "".join(file.read_text() for file in folder.glob("*.mjs"))
    names = r"(?:\bid:|aliasIds: \[)\s*DataTransformerID\.(\w+)"
    return found(r"\bid: exports\.DataTransformerID\.(\w+)", source_75()) & found(names, now)


@cache
def known_color_modes():
    """Return the ids of ways to colour a value that both Grafanas have."""
    source = source_75()
    old = found(r"\bid: '(continuous-\w+)'", source)
    old |= found(r'FieldColorModeId\["\w+"\] = "([\w-]+)"', source)
    now = (SCHEMA / "raw/dashboard/x/types.gen.d.ts").read_text()
    return old & found(r'= "([\w-]+)"', between(now, "enum FieldColorModeId", "}"))


KNOWN = {
    "unit": known_units,
    "calculation": known_reducers,
    "transformation": known_transformations,
    "color mode": known_color_modes,
}


def source_75():
    """Return the source of 7.5's package."""
    return (OLD / "index.development.js").read_text()


def between(text, begin, end):
    """Return what lies between two marks."""
    return text.split(begin, 1)[1].split(end, 1)[0]


def found(pattern, text):
    """Return all that a pattern finds."""
    return set(re.findall(pattern, text))
