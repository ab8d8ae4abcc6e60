"""carbon's storage-schemas.conf and storage-aggregation.conf for the intervals in lmaster.conf.

When carbon creates the Whisper file of a series, it uses the first rule whose pattern matches. In
slots that are longer than the interval, points are lost. Slots that are shorter stay partly empty:
the file takes more disk space than it needs, Graphite's rates are empty, and its sums over nodes
are too low. If a node is in several sections, its series therefore get slots of the shortest
interval, except those that certainly arrive only at a longer one (series_intervals.py).
"""

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..model.target import Target
from ..naming import tags
from ..naming.graphite_paths import part
from ..whisper.retentions import AGGREGATION, archives
from .path_patterns import (
    any_node_pattern,
    by_node_path,
    deepest_first,
    has_only_nodes,
    names_pattern,
    node_path,
    nodes_pattern,
    series_start_pattern,
)
from .series_intervals import (
    SectionInterval,
    section_interval,
    sensors_pattern,
    slower_sensors,
)

MARK = "# Made by lmaster schemas"
END_MARK = "# End of the rules of lmaster schemas"
_HEAD = f"""\
{MARK} from the intervals and nodes in lmaster.conf. Run it again when they
# change: your own rules, before this line or after the last one, stay. carbon uses the first rule
# that matches. It reloads this file by itself. Existing Whisper files keep their slots;
# whisper-resize.py changes them."""
_SHARED = """\
# Several sections scrape some of these nodes, at intervals of {intervals} s. Series without a rule
# above have slots of the shortest."""
_CARBON = """\
# carbon's own metrics, once a minute.
[carbon]
pattern = ^carbon\\.
retentions = 60s:90d"""

# Like AGGREGATION, but for tagged series, whose metric name ends at the first semicolon.
_TAGGED = (
    (r"^up", "min"),
    (r"^[^;]*_(?:total|bucket|sum|count|expected)", "last"),
    (r"^[^;]*", "average"),
)


def storage_schemas(targets: Iterable[Target]) -> str:
    """Return a storage-schemas.conf for the series of *targets*."""
    tagged, plain = _split_by_naming(targets)
    rules = [*_tagged_rules(tagged), *_scrape_rules(plain), *_node_rules(plain)]
    return "\n\n".join([_HEAD, _CARBON, *rules, END_MARK]) + "\n"


def storage_aggregation(targets: Iterable[Target]) -> str:
    """Return a storage-aggregation.conf for the series of *targets*."""
    tagged, plain = _split_by_naming(targets)
    rules = []
    if tagged:
        tail = f"(?=;).*{_group_pattern(tagged)}"
        rules += [
            _aggregation_rule(f"tagged-{method}", metric + tail, method)
            for metric, method in _TAGGED
        ]
    if plain:
        start = series_start_pattern(list(by_node_path(plain)))
        rules += [
            _aggregation_rule(method, start + metric.removeprefix("^"), method)
            for metric, method in AGGREGATION
        ]
    return "\n\n".join([_HEAD, *rules, END_MARK]) + "\n"


def _split_by_naming(targets: Iterable[Target]) -> tuple[list[Target], list[Target]]:
    """Return the targets whose series have tags, and the others."""
    tagged: list[Target] = []
    plain: list[Target] = []
    for target in targets:
        (tagged if target.naming == "tagged" else plain).append(target)
    return tagged, plain


def _aggregation_rule(name: str, pattern: str, method: str) -> str:
    return f"[lmaster-{name}]\npattern = {pattern}\nxFilesFactor = 0\naggregationMethod = {method}"


def _group_pattern(targets: Iterable[Target]) -> str:
    """Return a pattern for the tags that all series of some sections have."""
    groups = names_pattern(tags.escaped(target.group) for target in targets)
    return f";group={groups};(?:.*;)?instance="


def _tagged_rules(targets: Sequence[Target]) -> Iterator[str]:
    """Yield the rules for tagged series: the tag ``group`` determines the interval."""
    for interval_s in sorted({target.interval_s for target in targets}):
        of_interval = (target for target in targets if target.interval_s == interval_s)
        yield _rule(f"lmaster-tagged:{interval_s}s", _group_pattern(of_interval), interval_s)


def _scrape_rules(targets: Sequence[Target]) -> Iterator[str]:
    """Yield the rules for ``up`` and ``scrape_*`` of sections that are slower than another one.

    lmaster itself writes these series at each scrape. Their paths end in the section's name.
    """
    shortest = {path: min(_intervals(of_node)) for path, of_node in by_node_path(targets).items()}
    slower = {
        (target.interval_s, node_path(target).prefix, target.group)
        for target in targets
        if target.interval_s > shortest[node_path(target)]
    }
    for interval_s, prefix, group in sorted(slower):
        nodes = [node_path(target).node for target in targets if target.group == group]
        node = any_node_pattern(prefix) if prefix else names_pattern(nodes)
        yield _rule(
            f"lmaster-scrapes:{part(group)}",
            f"^{node}\\.(?:up|scrape_[a-z_]+)\\.{names_pattern([part(group)])}$",
            interval_s,
            f"# The scrapes of [nodes:{group}]: whether and how they succeeded.",
        )


def _node_rules(targets: Sequence[Target]) -> Iterator[str]:
    """Yield the rules for all other series of nodes, deeper prefixes first."""
    node_paths = by_node_path(targets)
    for prefix in deepest_first({path.prefix for path in node_paths}):
        nodes = {path.node: of for path, of in node_paths.items() if path.prefix == prefix}
        yield from _sensor_rules(prefix, nodes)
        matches_any = has_only_nodes(prefix, node_paths)
        yield from _interval_rules(prefix, nodes, matches_any=matches_any)


def _sensor_rules(prefix: str, nodes: Mapping[str, Iterable[Target]]) -> Iterator[str]:
    """Yield the rules for series of sensors that only sections with a longer interval have."""
    nodes_by_sections: dict[frozenset[SectionInterval], list[str]] = defaultdict(list)
    for node, targets in nodes.items():
        nodes_by_sections[frozenset(map(section_interval, targets))].append(node)
    nodes_by_rule: dict[tuple[int, tuple[str, ...], bool], list[str]] = defaultdict(list)
    for sections, names in nodes_by_sections.items():
        has_old_names = any(one.has_old_names for one in sections)
        for interval_s, slower in slower_sensors(sections).items():
            nodes_by_rule[interval_s, tuple(slower), has_old_names] += names
    for number, (key, names) in enumerate(sorted(nodes_by_rule.items()), 1):
        interval_s, sensors, has_old_names = key
        series = sensors_pattern(sensors, has_old_names=has_old_names)
        yield _rule(
            f"lmaster-sensors:{prefix}:{interval_s}s:{number}",
            f"^{nodes_pattern(prefix, names)}\\.{series}",
            interval_s,
            _comment(f"Sensors that are scraped only every {interval_s} s: {', '.join(sensors)}."),
        )


def _interval_rules(
    prefix: str, nodes: Mapping[str, list[Target]], *, matches_any: bool
) -> Iterator[str]:
    """Yield the rules for the nodes below a prefix, one for each of their shortest intervals.

    The shortest of all comes last and, with *matches_any*, matches every node, so that a new node
    loses no points.
    """
    intervals = {node: tuple(sorted(_intervals(targets))) for node, targets in nodes.items()}
    shortest = {of_node[0] for of_node in intervals.values()}
    for interval_s in sorted(shortest, reverse=True):
        names = [node for node, of_node in intervals.items() if of_node[0] == interval_s]
        is_any = matches_any and interval_s == min(shortest)
        yield _rule(
            f"lmaster:{prefix}:{interval_s}s" if prefix else f"lmaster:{interval_s}s",
            f"^{any_node_pattern(prefix) if is_any else nodes_pattern(prefix, names)}\\.",
            interval_s,
            _shared_comment({of for of in intervals.values() if of[0] == interval_s}),
        )


def _intervals(targets: Iterable[Target]) -> set[int]:
    return {target.interval_s for target in targets}


def _shared_comment(intervals_of_nodes: set[tuple[int, ...]]) -> str:
    """Return a comment with the intervals of nodes that have several, or nothing."""
    shared = sorted({one for each in intervals_of_nodes if len(each) > 1 for one in each})
    return _SHARED.format(intervals=", ".join(map(str, shared))) if shared else ""


def _comment(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="# ", subsequent_indent="# ")


def _rule(name: str, pattern: str, interval_s: int, comment: str = "") -> str:
    retentions = ",".join(f"{step_s}s:{step_s * slots}s" for step_s, slots in archives(interval_s))
    lines = [comment, f"[{name}]", f"pattern = {pattern}", f"retentions = {retentions}"]
    return "\n".join(filter(None, lines))
