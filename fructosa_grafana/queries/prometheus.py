"""Render expressions as PromQL."""

from fructosa_service.device_names import NamePattern

from .expressions import (
    ANY,
    Aggregate,
    Complement,
    Difference,
    Expr,
    Rate,
    Ratio,
    Scaled,
    Series,
    Top,
)

# A Prometheus may lack some of these labels. With "All" selected, $cluster is ".*", which also
# matches a missing label.
_SCOPE = {
    "node": 'cluster=~"$cluster",job=~"$job",instance=~"$node"',
    "master": 'cluster=~"$cluster",job=~"$job"',
    "nodes": 'cluster=~"$cluster",job=~"$job",group=~"$group"',
    "slurm": 'cluster=~"$cluster"',  # $job may be one of nodes
}
_RANGE = "$__rate_interval"


def text(expr: Expr) -> str:
    """Return the PromQL of an expression; it contains dashboard variables as ``$node``."""
    match expr:
        case Series():
            return _selector(expr)
        case Rate(operand):
            return f"rate({text(operand)}[{_RANGE}])"
        case Scaled(operand, factor):
            return f"{_parenthesized(operand)} * {factor:g}"
        case Complement(operand):
            return f"1 - {_parenthesized(operand)}"
        case Top(operand, limit):
            return f"topk({limit}, {text(operand)})"
        case Aggregate(operand, function, by):
            return _aggregate(operand, function, by)
        case Ratio(left, right):
            return f"{_matchable(left)} / {_matchable(right)}"
        case Difference(left, right):
            return f"{_parenthesized(left)} - {_parenthesized(right)}"
    raise TypeError(f"{expr!r} is not a known expression")


def legend(text: str) -> str:
    """Return a legend in the format of Grafana's Prometheus data source: ``in {{interface}}``."""
    return text.replace("{", "{{").replace("}", "}}")


def _selector(series: Series) -> str:
    matchers = [_SCOPE[series.scope]]
    if not series.is_from_scraper:
        matchers += [_matcher(name, value) for name, value in series.labels if value is not ANY]
    return f"{series.metric}{{{','.join(matchers)}}}"


def _matcher(name: str, value: str | NamePattern) -> str:
    return f'{name}="{value}"' if isinstance(value, str) else f'{name}=~"{value.regex}"'


def _aggregate(operand: Expr, function: str, by: tuple[str, ...]) -> str:
    labels = f" by ({', '.join(by)}) " if by else ""
    return f"{function}{labels}({text(operand)})"


def _matchable(expr: Expr) -> str:
    """Return one side of a division, with only the labels that both sides have."""
    is_matchable = isinstance(expr, Aggregate)
    return _parenthesized(expr if is_matchable else Aggregate(expr, "sum", expr.keys))


def _parenthesized(expr: Expr) -> str:
    query = text(expr)
    return f"({query})" if isinstance(expr, Ratio | Difference | Scaled | Complement) else query
