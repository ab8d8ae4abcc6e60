"""Queries in Prometheus' language."""

from .expressions import (
    ANY,
    Complement,
    Difference,
    Expr,
    Grouped,
    Rate,
    Ratio,
    Scaled,
    Series,
    Some,
    Top,
)

# Labels that a Prometheus may not have match too: with all chosen, $cluster is ".*".
_SCOPE = {
    "node": 'cluster=~"$cluster",job=~"$job",instance=~"$node"',
    "master": 'cluster=~"$cluster",job=~"$job"',
    "nodes": 'cluster=~"$cluster",job=~"$job",group=~"$group"',
}
_RANGE = "$__rate_interval"


def text(expr: Expr) -> str:
    """Return the query; variables of the dashboard stand in it as ``$node``."""
    match expr:
        case Series():
            return _selector(expr)
        case Rate(of):
            return f"rate({text(of)}[{_RANGE}])"
        case Scaled(of, factor):
            return f"{_operand(of)} * {factor:g}"
        case Complement(of):
            return f"1 - {_operand(of)}"
        case Top(of, most):
            return f"topk({most}, {text(of)})"
        case Grouped(of, how, by):
            return _grouped(of, how, by)
        case Ratio(left, right):
            return f"{_comparable(left)} / {_comparable(right)}"
        case Difference(left, right):
            return f"{_operand(left)} - {_operand(right)}"
    raise TypeError(f"{expr!r} is no query")


def legend(text: str) -> str:
    """Return a legend as Prometheus' data source has it: ``in {{interface}}``."""
    return text.replace("{", "{{").replace("}", "}}")


def _selector(series: Series) -> str:
    parts = [_SCOPE[series.scope]]
    if not series.is_own:
        parts += [_matcher(name, value) for name, value in series.labels if value is not ANY]
    return f"{series.metric}{{{','.join(parts)}}}"


def _matcher(name: str, value: str | Some) -> str:
    return f'{name}="{value}"' if isinstance(value, str) else f'{name}=~"{value.regex}"'


def _grouped(of: Expr, how: str, by: tuple[str, ...]) -> str:
    names = f" by ({', '.join(by)}) " if by else ""
    return f"{how}{names}({text(of)})"


def _comparable(expr: Expr) -> str:
    """Return a side of a division, with the labels alone that both sides have."""
    return _operand(expr if isinstance(expr, Grouped) else Grouped(expr, "sum", expr.keys))


def _operand(expr: Expr) -> str:
    found = text(expr)
    return f"({found})" if isinstance(expr, Ratio | Difference | Scaled | Complement) else found
