"""Rules for carbon that fit the intervals: storage-schemas.conf and storage-aggregation.conf.

Carbon takes the first rule whose pattern is found in a path, when it makes the file of a series.
A file whose slots are longer than the interval loses points, one whose slots are shorter costs
some disk. So where several sections bring series of one node, the shortest interval rules all of
which it isn't sure that they come at a longer one alone.
"""

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..model.target import Target
from ..naming import tags
from ..naming.graphite_paths import part
from ..whisper.retentions import AGGREGATION, archives
from .name_patterns import of_names
from .node_patterns import (
    any_node,
    beginning,
    by_node_path,
    deepest_first,
    is_alone,
    node_path,
    some_nodes,
)
from .series_intervals import SectionInterval, section, series_of, slower

MARK = "# Made by lmaster schemas"
_HEAD = f"""\
{MARK}: from the intervals and nodes in lmaster.conf. Make it anew when these change.
# Carbon takes the first rule that fits: put rules of your own behind these. It reads this file
# again by itself. Whisper files that exist stay as they are; whisper-resize.py changes them."""
_SHARED = """\
# Some of these nodes are scraped by several sections, on intervals of {intervals} s. What has no
# rule of its own above has slots of the shortest."""
_CARBON = """\
# What carbon says of itself, once a minute.
[carbon]
pattern = ^carbon\\.
retentions = 60s:90d"""

# As AGGREGATION, where the metric's name ends at its first tag.
_TAGGED = ((r"^up", "min"), (r"^[^;]*_(?:total|bucket|sum|count)", "last"), (r"^[^;]*", "average"))


def storage_schemas(targets: Iterable[Target]) -> str:
    """Return a storage-schemas.conf for the series of *targets*."""
    tagged, plain = _by_naming(targets)
    return "\n\n".join([_HEAD, _CARBON, *_tagged(tagged), *_own(plain), *_nodes(plain)]) + "\n"


def storage_aggregation(targets: Iterable[Target]) -> str:
    """Return a storage-aggregation.conf for the series of *targets*."""
    tagged, plain = _by_naming(targets)
    rules = []
    if tagged:
        tail = f"(?=;).*{_of_groups(tagged)}"
        rules += [_thinning(f"tagged-{how}", begin + tail, how) for begin, how in _TAGGED]
    if plain:
        head = beginning(list(by_node_path(plain)))
        rules += [
            _thinning(how, head + pattern.removeprefix("^"), how) for pattern, how in AGGREGATION
        ]
    return "\n\n".join([_HEAD, *rules]) + "\n"


def _by_naming(targets: Iterable[Target]) -> tuple[list[Target], list[Target]]:
    """Return those whose series have tags, and all others."""
    found: tuple[list[Target], list[Target]] = ([], [])
    for target in targets:
        found[target.naming != "tagged"].append(target)
    return found


def _thinning(name: str, pattern: str, method: str) -> str:
    return f"[lmaster-{name}]\npattern = {pattern}\nxFilesFactor = 0\naggregationMethod = {method}"


def _of_groups(targets: Iterable[Target]) -> str:
    """Return a pattern of the tags that all series of some sections have."""
    groups = of_names(tags.value(target.group) for target in targets)
    return f";group={groups};(?:.*;)?instance="


def _tagged(targets: Sequence[Target]) -> Iterator[str]:
    """Return rules for series with tags: each names its section, and so its interval."""
    for interval_s in sorted({target.interval_s for target in targets}):
        of_interval = (target for target in targets if target.interval_s == interval_s)
        yield _rule(f"lmaster-tagged:{interval_s}s", _of_groups(of_interval), interval_s)


def _own(targets: Sequence[Target]) -> Iterator[str]:
    """Return rules for what lmaster says of each scrape, where another interval rules the rest.

    It ends in the section's name, whose interval is known.
    """
    shortest = {where: min(_intervals(below)) for where, below in by_node_path(targets).items()}
    coarser = {
        (target.interval_s, node_path(target).prefix, target.group)
        for target in targets
        if target.interval_s > shortest[node_path(target)]
    }
    for interval_s, prefix, group in sorted(coarser):
        bare = [node_path(target).node for target in targets if target.group == group]
        node = any_node(prefix) if prefix else of_names(bare)
        own = r"(?:up|scrape_[a-z_]+)"
        yield _rule(
            f"lmaster-scrapes:{part(group)}",
            f"^{node}\\.{own}\\.{of_names([part(group)])}$",
            interval_s,
            f"# How the scrapes of [nodes:{group}] went.",
        )


def _nodes(targets: Sequence[Target]) -> Iterator[str]:
    """Return rules for all series of nodes; deeper prefixes come first."""
    places = by_node_path(targets)
    for prefix in deepest_first({where.prefix for where in places}):
        below = {where.node: of for where, of in places.items() if where.prefix == prefix}
        yield from _slower(prefix, below)
        yield from _below(prefix, below, takes_any=is_alone(prefix, places))


def _slower(prefix: str, below: Mapping[str, Iterable[Target]]) -> Iterator[str]:
    """Return rules for series that only some sections with a longer interval bring."""
    alike: dict[frozenset[SectionInterval], list[str]] = defaultdict(list)
    for node, targets in below.items():
        alike[frozenset(map(section, targets))].append(node)
    found: dict[tuple[int, tuple[str, ...], bool], list[str]] = defaultdict(list)
    for sections, nodes in alike.items():
        has_old_names = any(one.has_old_names for one in sections)
        for interval_s, names in slower(sections).items():
            found[interval_s, tuple(names), has_old_names] += nodes
    for number, (key, nodes) in enumerate(sorted(found.items()), 1):
        interval_s, sensors, has_old_names = key
        series = series_of(sensors, has_old_names=has_old_names)
        yield _rule(
            f"lmaster-sensors:{prefix}:{interval_s}s:{number}",
            f"^{some_nodes(prefix, nodes)}\\.{series}",
            interval_s,
            _commented(f"What comes every {interval_s} s alone: {', '.join(sensors)}."),
        )


def _below(prefix: str, below: Mapping[str, list[Target]], *, takes_any: bool) -> Iterator[str]:
    """Return rules for the nodes below a prefix, by their shortest intervals.

    The shortest comes last and, if it may, *takes any* node: a new one loses nothing.
    """
    intervals = {node: tuple(sorted(_intervals(targets))) for node, targets in below.items()}
    shortest = {seen[0] for seen in intervals.values()}
    for interval_s in sorted(shortest, reverse=True):
        names = [node for node, seen in intervals.items() if seen[0] == interval_s]
        is_any = takes_any and interval_s == min(shortest)
        yield _rule(
            f"lmaster:{prefix}:{interval_s}s" if prefix else f"lmaster:{interval_s}s",
            f"^{any_node(prefix) if is_any else some_nodes(prefix, names)}\\.",
            interval_s,
            _note({seen for seen in intervals.values() if seen[0] == interval_s}),
        )


def _intervals(targets: Iterable[Target]) -> set[int]:
    return {target.interval_s for target in targets}


def _note(seen: set[tuple[int, ...]]) -> str:
    shared = sorted(
        {interval_s for intervals in seen if len(intervals) > 1 for interval_s in intervals}
    )
    return _SHARED.format(intervals=", ".join(map(str, shared))) if shared else ""


def _commented(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="# ", subsequent_indent="# ")


def _rule(name: str, pattern: str, interval_s: int, note: str = "") -> str:
    kept = ",".join(f"{step_s}s:{step_s * slots}s" for step_s, slots in archives(interval_s))
    lines = [note, f"[{name}]", f"pattern = {pattern}", f"retentions = {kept}"]
    return "\n".join(filter(None, lines))
