"""Migrates a dashboard for Grafana 7.5 as a current Grafana does."""

from copy import deepcopy


def migrated(model):
    """Return a dashboard as a current Grafana has it in memory after loading JSON for 7.5.

    It covers the migrations from schema version 27 on, but only keys that our dashboards have: 30
    changes tooltips and value mappings; 33 and 36 replace names of data sources by references; 37
    changes legends; 38 the display of table cells. It also covers what panels migrate when they
    load: hidden series and heatmaps. The old settings of heatmaps are outside of `options` and only
    known to 7.5, so they are dropped here.
    """
    model = deepcopy(model)
    for query in model.get("annotations", {}).get("list", ()):
        use_reference(query)
    for variable in model.get("templating", {}).get("list", ()):
        use_reference(variable)
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
        use_reference(one)
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
    """Change the fields of a panel in place: their defaults and overrides."""
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


def use_reference(holder):
    """Replace the name of a data source by a reference, in place."""
    if isinstance(holder.get("datasource"), str):
        holder["datasource"] = {"uid": holder["datasource"]}


def cell(mode):
    """Return the current form of the display mode of a table cell."""
    return CELLS.get(mode, {"type": mode})


def mapping(old):
    """Return the current form of a value mapping."""
    result = {"text": old.get("text")}
    if old.get("type") == 2:
        limits = {"from": float(old["from"]), "to": float(old["to"])}
        return {"type": "range", "options": {**limits, "result": result}}
    if old.get("value") == "null":
        return {"type": "special", "options": {"match": "null", "result": result}}
    return {"type": "value", "options": {old.get("value"): result}}


def flat(panels):
    """Return all panels; each row is followed by its collapsed panels."""
    return [one for panel in panels for one in (panel, *panel.get("panels", ()))]
