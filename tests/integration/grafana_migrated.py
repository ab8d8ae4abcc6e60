"""What a current Grafana makes of a dashboard that is written for 7.5."""

from copy import deepcopy


def migrated(model):
    """Return a dashboard as a current Grafana has it in memory after it has read 7.5's JSON.

    Of what its migrations from schema version 27 on change, just the keys that our dashboards
    have: 30 tooltips and value mappings; 33 and 36 data sources, a name becoming a reference;
    37 legends; 38 the display of table cells. And what the panels themselves change when they
    load: hidden series, and all of a heatmap, whose old settings lie outside `options` and are
    dropped here, being known to 7.5 alone.
    """
    model = deepcopy(model)
    for query in model.get("annotations", {}).get("list", ()):
        refer(query)
    for variable in model.get("templating", {}).get("list", ()):
        refer(variable)
    for panel in flat(model["panels"]):
        migrate_panel(panel)
    return model


HEATMAP = {
    "cards",
    "color",
    "dataFormat",
    "heatmap",
    "hideZeroBuckets",
    "highlightCards",
    "legend",
    "reverseYBuckets",
    "tooltip",
    "tooltipDecimals",
    "xAxis",
    "xBucketNumber",
    "xBucketSize",
    "yAxis",
    "yBucketBound",
    "yBucketNumber",
    "yBucketSize",
}
CELLS = {
    "basic": {"type": "gauge", "mode": "basic"},
    "gradient-gauge": {"type": "gauge", "mode": "gradient"},
    "lcd-gauge": {"type": "gauge", "mode": "lcd"},
    "color-background": {"type": "color-background", "mode": "gradient"},
}


def migrate_panel(panel):
    """Change a panel in place."""
    for one in (panel, *panel.get("targets", ())):
        refer(one)
    if panel.get("type") == "heatmap":
        for key in HEATMAP & panel.keys():
            del panel[key]
    options = panel.get("options", {})
    if "tooltipOptions" in options:
        options["tooltip"] = options.pop("tooltipOptions")
    if legend := options.get("legend"):
        legend["showLegend"] = legend.get("displayMode") != "hidden"
        if not legend["showLegend"]:
            legend["displayMode"] = "list"
    migrate_fields(panel.get("fieldConfig", {}))


def migrate_fields(config):
    """Change a panel's fields in place: their defaults, and where overrides say the same."""
    defaults = config.get("defaults", {})
    custom = defaults.get("custom", {})
    if "displayMode" in custom:
        custom["cellOptions"] = cell(custom.pop("displayMode"))
    if "graph" in custom.get("hideFrom", {}):
        custom["hideFrom"]["viz"] = custom["hideFrom"].pop("graph")
    if "mappings" in defaults:
        defaults["mappings"] = [mapping(one) for one in defaults["mappings"]]
    for override in config.get("overrides", ()):
        for one in override.get("properties", ()):
            if one.get("id") == "custom.displayMode":
                one.update(id="custom.cellOptions", value=cell(one["value"]))


def refer(holder):
    """Turn the name of a data source into a reference."""
    if isinstance(holder.get("datasource"), str):
        holder["datasource"] = {"uid": holder["datasource"]}


def cell(mode):
    """Return how a table's cell is drawn, as it is written now."""
    return CELLS.get(mode, {"type": mode})


def mapping(old):
    """Return a value's text as it is written now."""
    result = {"text": old.get("text")}
    if old.get("type") == 2:
        limits = {"from": float(old["from"]), "to": float(old["to"])}
        return {"type": "range", "options": {**limits, "result": result}}
    if old.get("value") == "null":
        return {"type": "special", "options": {"match": "null", "result": result}}
    return {"type": "value", "options": {old.get("value"): result}}


def flat(panels):
    """Return panels, each followed by those that lie folded in it."""
    return [one for panel in panels for one in (panel, *panel.get("panels", ()))]
