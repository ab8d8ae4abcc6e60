"""Render expressions as Graphite targets, for the paths of ``naming = plain``.

A path consists of prefix, node, metric and label values. A prefix may have any number of
components, so path components are counted from the end.
"""

from .expressions import (
    NODE,
    Aggregate,
    Complement,
    Difference,
    Expr,
    Rate,
    Ratio,
    Scaled,
    Series,
    Top,
    Value,
)

# lmaster writes what it reads of Slurm below a node of this name, whichever lmaster reads it.
_SLURM = "slurm"
_CALLBACKS = {"sum": "sum", "avg": "average", "max": "max", "min": "min", "count": "count"}
_SINGLE = {
    "sum": "sumSeries",
    "avg": "averageSeries",
    "max": "maxSeries",
    "min": "minSeries",
    "count": "countSeries",
}
# The special characters that occur in the values of a label, and are decoded in legends. In a path,
# lmaster encodes a slash as ``:``, and others as ``#`` and two hexadecimal digits.
_DECODED = {
    "account": ".",
    "chip": ".:",
    "cuda_version": ".",
    "destination": " .:",
    "device": "/.:",
    "driver_version": ".",
    "file": ".",
    "interface": ".:",
    "label": " .",
    "mountpoint": "/.",
    "name": " .@:",
    "options": ",=.",
    "partition": ".",
    "pci_bus_id": ".:",
    "pretty_name": " .()/",
    "profile": ".+",
    "qos": ".",
    "quantile": ".",
    "release": ".+~",
    "type": ".:",
    "user": ".@",
    "version": " .@+~#",
    "version_id": ".",
    "zone": ":",
}


def text(expr: Expr) -> str:
    """Return the Graphite target of an expression; it contains dashboard variables as ``$node``."""
    match expr:
        case Series():
            return _path(expr)
        case Rate(operand):
            return f"perSecond({text(operand)})"
        case Scaled(operand, factor):
            return f"scale({text(operand)}, {factor:g})"
        case Complement(operand):
            return f"offset(scale({text(operand)}, -1), 1)"
        case Top(operand, limit):
            return f"highestAverage({text(operand)}, {limit})"
        case Aggregate(operand, function, ()):
            return f"{_SINGLE[function]}({text(operand)})"
        case Aggregate(operand, function, by):
            return _grouped(operand, _CALLBACKS[function], by)
        case Ratio(left, right):
            return _ratio(left, right)
        case Difference(left, right):
            return f"diffSeries({text(left)}, {text(right)})"
    raise TypeError(f"{expr!r} is not a known expression")


def aliased(expr: Expr, legend: str) -> str:
    """Return the target with its series named by *legend*: ``in {interface}``.

    Raises: ValueError if the legend has a character that Graphite cannot parse.
    """
    if "'" in legend:
        raise ValueError(f"{legend!r}: a Graphite alias cannot contain an apostrophe")
    keys = [key for key in expr.keys if f"{{{key}}}" in legend]
    if not keys:
        return f"alias({text(expr)}, '{legend}')"
    positions = ", ".join(map(str, _positions(expr, *keys)))
    target = _with_legend(f"aliasByNode({text(expr)}, {positions})", keys, legend)
    for char in dict.fromkeys(char for key in keys for char in _DECODED.get(key, "")):
        target = f"aliasSub({target}, '{_encoded(char)}', '{char}')"
    return target


def _encoded(char: str) -> str:
    return ":" if char == "/" else f"#{ord(char):02x}"


def _with_legend(target: str, keys: list[str], legend: str) -> str:
    """Return a target whose series names, so far *keys* joined by dots, follow the *legend*."""
    if legend == ".".join(f"{{{key}}}" for key in keys):
        return target
    pattern = r"\.".join(["(.+?)"] * (len(keys) - 1) + ["(.+)"])
    for number, key in enumerate(keys, start=1):
        legend = legend.replace(f"{{{key}}}", rf"\{number}")
    return f"aliasSub({target}, '^{pattern}$', '{legend}')"


def _path(series: Series) -> str:
    values = [_component(value) for _, value in series.labels]
    place = _SLURM if series.scope == "slurm" else f"${series.scope}"
    return ".".join([f"${{prefix}}{place}", series.metric, *values])


def _component(value: Value) -> str:
    """Return a label's value as a path component; a slash is the only special character here."""
    return value.replace("/", ":") if isinstance(value, str) else value.glob


def _grouped(operand: Expr, callback: str, by: tuple[str, ...]) -> str:
    positions = ", ".join(map(str, _positions(operand, *by)))
    return f"groupByNodes({text(operand)}, '{callback}', {positions})"


def _ratio(left: Expr, right: Expr) -> str:
    if not left.keys:
        return f"divideSeries({text(left)}, {text(right)})"
    numerator, denominator = (_grouped(side, "sum", side.keys) for side in (left, right))
    return f"scale({percent(numerator, denominator, len(left.keys))}, 0.01)"


def percent(numerator: str, denominator: str, components: int) -> str:
    """Return a target for the percentages of series that have the same name on both sides.

    A name consists of so many *components*. Series that exist on one side only are left out.
    """
    # asPercent() is the only Graphite function that matches series by name. But 1.1.10 fails if
    # the first series has no match. So add a constant pair in front, and exclude it afterwards.
    constant = f"alias(constantLine(1), '{'.'.join('-' * components)}')"
    positions = ", ".join(map(str, range(-components, 0)))
    matched = (
        f"asPercent(group({constant}, {numerator}), group({constant}, {denominator}), {positions})"
    )
    return rf"exclude({matched}, '\(-[.,]|\(MISSING,|,MISSING\)')"


def _positions(expr: Expr, *keys: str) -> list[int]:
    """Return the positions of the *keys* in the series names of an expression."""
    match expr:
        case Series():
            labels = [name for name, _ in expr.labels]
            count = len(labels)
            positions = {name: index - count for index, name in enumerate(labels)}
            positions[NODE] = -count - 2
            return [positions[key] for key in keys]
        case Rate(operand) | Scaled(operand) | Complement(operand) | Top(operand):
            return _positions(operand, *keys)
    return [expr.keys.index(key) - len(expr.keys) for key in keys]
