"""The names that both Grafana 7.5 and a current Grafana know: units, calculations and so on.

They are extracted from the source of Grafana's packages, which tests/install-services.sh puts into
.node-grafana. Loading the packages in Node would require hundreds of others.
"""

import re
from functools import cache

from .grafana_migrated import flat
from .grafana_types import NODE, SCHEMA

OLD = NODE / "grafana-data-7.5.17/package"
CURRENT = NODE / "grafana-data-13.2.3/package/dist/esm"


def unknown_names(model):
    """Return the names in a dashboard that one of both does not know: ``[(panel, kind, name)]``."""
    return [
        (panel.get("title"), kind, name)
        for panel in flat(model["panels"])
        for kind, name in names(panel)
        if name not in KNOWN[kind]() and not (kind == "unit" and name.startswith(CUSTOM_UNITS))
    ]


# Prefixes of units that define their own format, which both accept.
CUSTOM_UNITS = ("prefix:", "suffix:", "si:", "count:", "currency:")


def names(panel):
    """Yield the names that the settings of a panel use, with their kind."""
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
    """Return the ids of the units that both know."""
    old = text_between(source_75(), "var getCategories", "]; };")
    now = (CURRENT / "valueFormats/categories.mjs").read_text()
    return matches(r"\bid: '([^']+)'", old) & matches(r'\bid: "([^"]+)"', now)


@cache
def known_reducers():
    """Return the ids of the calculations that both know."""
    old = matches(r"\bid: exports\.ReducerID\.(\w+)", source_75())
    now = (CURRENT / "transformations/fieldReducer.mjs").read_text()
    return old & matches(r'ReducerID\w*\["(\w+)"\]', now)


@cache
def known_transformations():
    """Return the ids of the transformations that both know, including aliases."""
    folder = CURRENT / "transformations/transformers"
    now = "".join(file.read_text() for file in folder.glob("*.mjs"))
    names = r"(?:\bid:|aliasIds: \[)\s*DataTransformerID\.(\w+)"
    return matches(r"\bid: exports\.DataTransformerID\.(\w+)", source_75()) & matches(names, now)


@cache
def known_color_modes():
    """Return the ids of the color modes that both know."""
    source = source_75()
    old = matches(r"\bid: '(continuous-\w+)'", source)
    old |= matches(r'FieldColorModeId\["\w+"\] = "([\w-]+)"', source)
    now = (SCHEMA / "raw/dashboard/x/types.gen.d.ts").read_text()
    return old & matches(r'= "([\w-]+)"', text_between(now, "enum FieldColorModeId", "}"))


KNOWN = {
    "unit": known_units,
    "calculation": known_reducers,
    "transformation": known_transformations,
    "color mode": known_color_modes,
}


def source_75():
    """Return the source of the package of 7.5."""
    return (OLD / "index.development.js").read_text()


def text_between(text, begin, end):
    """Return the text text_between two marks."""
    return text.split(begin, 1)[1].split(end, 1)[0]


def matches(pattern, text):
    """Return the set of all matches of a pattern."""
    return set(re.findall(pattern, text))
