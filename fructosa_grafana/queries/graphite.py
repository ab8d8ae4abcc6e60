"""Queries in Graphite's language, for series with the paths of ``naming = plain``.

A path is prefix, node, metric and the values of its labels. Prefixes may have several parts or
none, so parts are counted from the end.
"""

from .expressions import (
    NODE,
    Complement,
    Difference,
    Expr,
    Grouped,
    Rate,
    Ratio,
    Scaled,
    Series,
    Top,
    Value,
)

_CALLBACK = {"sum": "sum", "avg": "average", "max": "max", "min": "min", "count": "count"}
_WHOLE = {
    "sum": "sumSeries",
    "avg": "averageSeries",
    "max": "maxSeries",
    "min": "minSeries",
    "count": "countSeries",
}
# Labels whose values hold more than letters and digits, and what of it is written out again.
# A path has codes there: ``:`` for a slash, and else ``#`` with two hexadecimal digits.
_WRITTEN_OUT = {
    "chip": ".",
    "cuda_version": ".",
    "destination": " .:",
    "device": "/.:",
    "driver_version": ".",
    "file": ".",
    "interface": ".:",
    "label": " .",
    "mountpoint": "/.",
    "name": " ",
    "options": ",=.",
    "pci_bus_id": ".:",
    "pretty_name": " .()/",
    "profile": ".+",
    "release": ".+~",
    "version": " .@+~#",
    "version_id": ".",
    "zone": ":",
}


def text(expr: Expr) -> str:
    """Return the query; variables of the dashboard stand in it as ``$node``."""
    match expr:
        case Series():
            return _path(expr)
        case Rate(of):
            return f"perSecond({text(of)})"
        case Scaled(of, factor):
            return f"scale({text(of)}, {factor:g})"
        case Complement(of):
            return f"offset(scale({text(of)}, -1), 1)"
        case Top(of, most):
            return f"highestAverage({text(of)}, {most})"
        case Grouped(of, how, ()):
            return f"{_WHOLE[how]}({text(of)})"
        case Grouped(of, how, by):
            return _grouped(of, _CALLBACK[how], by)
        case Ratio(left, right):
            return _ratio(left, right)
        case Difference(left, right):
            return f"diffSeries({text(left)}, {text(right)})"
    raise TypeError(f"{expr!r} is no query")


def aliased(expr: Expr, legend: str) -> str:
    """Return the query, its series called as *legend* says: ``in {interface}``.

    Raises: ValueError when Graphite could not read the legend.
    """
    if "'" in legend:
        raise ValueError(f"{legend!r}: Graphite has no apostrophes in what it calls series")
    keys = [key for key in expr.keys if f"{{{key}}}" in legend]
    if not keys:
        return f"alias({text(expr)}, '{legend}')"
    parts = ", ".join(str(at) for at in _at(expr, *keys))
    found = _dressed(f"aliasByNode({text(expr)}, {parts})", keys, legend)
    for byte in dict.fromkeys(byte for key in keys for byte in _WRITTEN_OUT.get(key, "")):
        found = f"aliasSub({found}, '{_code(byte)}', '{byte}')"
    return found


def _code(byte: str) -> str:
    return ":" if byte == "/" else f"#{ord(byte):02x}"


def _dressed(found: str, keys: list[str], legend: str) -> str:
    """Return a query whose series are called by *keys*, dots between, with a *legend* around."""
    if legend == ".".join(f"{{{key}}}" for key in keys):
        return found
    pattern = r"\.".join(["(.+?)"] * (len(keys) - 1) + ["(.+)"])
    for number, key in enumerate(keys, start=1):
        legend = legend.replace(f"{{{key}}}", rf"\{number}")
    return f"aliasSub({found}, '^{pattern}$', '{legend}')"


def _path(series: Series) -> str:
    values = [_part(value) for _, value in series.labels]
    return ".".join([f"${{prefix}}${series.scope}", series.metric, *values])


def _part(value: Value) -> str:
    """Return a label's value as a path has it; those that dashboards name are plain."""
    return value.replace("/", ":") if isinstance(value, str) else value.glob


def _grouped(of: Expr, callback: str, by: tuple[str, ...]) -> str:
    parts = ", ".join(str(at) for at in _at(of, *by))
    return f"groupByNodes({text(of)}, '{callback}', {parts})"


def _ratio(left: Expr, right: Expr) -> str:
    if not left.keys:
        return f"divideSeries({text(left)}, {text(right)})"
    one, other = (_grouped(side, "sum", side.keys) for side in (left, right))
    return f"scale({percent(one, other, len(left.keys))}, 0.01)"


def percent(one: str, other: str, parts: int) -> str:
    """Return a query for series as percentages of others that are called the same, in *parts*.

    Those that have no other are left out.
    """
    # Of Graphite's ratios asPercent() alone brings series together by their names. But 1.1.10
    # fails when the first has no other: so a pair of ours comes first, and is taken out again.
    ours = f"alias(constantLine(1), '{'.'.join('-' * parts)}')"
    places = ", ".join(str(at) for at in range(-parts, 0))
    both = f"asPercent(group({ours}, {one}), group({ours}, {other}), {places})"
    return rf"exclude({both}, '\(-[.,]|\(MISSING,|,MISSING\)')"


def _at(expr: Expr, *keys: str) -> list[int]:
    """Return where in the names of an expression's series the *keys* are."""
    match expr:
        case Series():
            labels = [name for name, _ in expr.labels]
            below = len(labels)
            found = {name: at - below for at, name in enumerate(labels)}
            found[NODE] = -below - 2
            return [found[key] for key in keys]
        case Rate(of) | Scaled(of) | Complement(of) | Top(of):
            return _at(of, *keys)
    return [expr.keys.index(key) - len(expr.keys) for key in keys]
