"""Rules for carbon that fit the intervals: storage-schemas.conf and storage-aggregation.conf.

Carbon takes the first rule whose pattern is found in a path, when it makes the file of a series.
A file whose slots are longer than the interval loses points, one whose slots are shorter costs
some disk. So where several sections bring series of one node, the shortest interval rules.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from . import tags
from .model import Target
from .naming import part
from .patterns import of_names
from .retentions import AGGREGATION, archives

MARK = "# Made by lmaster schemas"
_HEAD = f"""\
{MARK}: from the intervals and nodes in lmaster.conf. Make it anew when these change.
# Carbon takes the first rule that fits: put rules of your own behind these. It reads this file
# again by itself. Whisper files that exist stay as they are; whisper-resize.py changes them."""
_SHARED = """\
# Some of these nodes are scraped by several sections, on intervals of {intervals} s. Which of
# their series come from which section can't be told, so all have slots of the shortest."""
_CARBON = """\
# What carbon says of itself, once a minute.
[carbon]
pattern = ^carbon\\.
retentions = 60s:90d"""

# As AGGREGATION, where the metric's name ends at its first tag.
_TAGGED = ((r"^up", "min"), (r"^[^;]*_(?:total|bucket|sum|count)", "last"), (r"^[^;]*", "average"))


@dataclass(frozen=True)
class _Place:
    """Where a target's series are: a prefix, which may be none, and the node."""

    prefix: str
    node: str

    @property
    def path(self) -> str:
        """Both together."""
        return f"{self.prefix}.{self.node}" if self.prefix else self.node


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
        head = _of_places(plain)
        rules += [_thinning(how, _at_dot(head, pattern), how) for pattern, how in AGGREGATION]
    return "\n\n".join([_HEAD, *rules]) + "\n"


def _by_naming(targets: Iterable[Target]) -> tuple[list[Target], list[Target]]:
    """Return those whose series have tags, and all others."""
    found: tuple[list[Target], list[Target]] = ([], [])
    for target in targets:
        found[target.naming != "tagged"].append(target)
    return found


def _thinning(name: str, pattern: str, method: str) -> str:
    return f"[lmaster-{name}]\npattern = {pattern}\nxFilesFactor = 0\naggregationMethod = {method}"


def _of_places(targets: Sequence[Target]) -> str:
    """Return a pattern of what the series of *targets* begin with, to the dot behind the node."""
    places = _intervals(targets)
    heads = [_any_node(prefix) for prefix in sorted({p.prefix for p in places}) if prefix]
    if bare := [place.node for place in places if not place.prefix]:
        heads.append(of_names(bare))
    return f"^(?:{'|'.join(heads)})\\."


def _of_groups(targets: Iterable[Target]) -> str:
    """Return a pattern of the tags that all series of some sections have."""
    groups = of_names(tags.value(target.group) for target in targets)
    return f";group={groups};(?:.*;)?instance="


def _tagged(targets: Sequence[Target]) -> Iterator[str]:
    """Return rules for series with tags: each names its section, and so its interval."""
    for interval_s in sorted({target.interval_s for target in targets}):
        of_interval = (target for target in targets if target.interval_s == interval_s)
        yield _rule(f"lmaster-tagged:{interval_s}s", _of_groups(of_interval), interval_s)


def _at_dot(head: str, pattern: str) -> str:
    """Return a pattern that is *head*, and *pattern* anywhere from its last dot on."""
    return f"{head[:-2]}(?=\\.).*{pattern}" if pattern else head


def _own(targets: Sequence[Target]) -> Iterator[str]:
    """Return rules for what lmaster says of each scrape, where another interval rules the rest.

    It ends in the section's name, whose interval is known.
    """
    intervals = _intervals(targets)
    coarser = {
        (target.interval_s, _place(target).prefix, target.group)
        for target in targets
        if target.interval_s > intervals[_place(target)][0]
    }
    for interval_s, prefix, group in sorted(coarser):
        node = _any_node(prefix) if prefix else of_names(_bare(targets, group))
        own = r"(?:up|scrape_[a-z_]+)"
        yield _rule(
            f"lmaster-scrapes:{part(group)}",
            f"^{node}\\.{own}\\.{of_names([part(group)])}$",
            interval_s,
            f"# How the scrapes of [nodes:{group}] went.",
        )


def _nodes(targets: Sequence[Target]) -> Iterator[str]:
    """Return rules for all series of nodes; deeper prefixes come first."""
    places = _intervals(targets)
    prefixes = {place.prefix for place in places}
    for prefix in sorted(prefixes, key=lambda prefix: (not prefix, -prefix.count("."), prefix)):
        below = {place.node: seen for place, seen in places.items() if place.prefix == prefix}
        # A node may be called as a prefix of others; then its series are none of these.
        is_alone = bool(prefix) and not any(f"{prefix}.".startswith(f"{p.path}.") for p in places)
        yield from _below(prefix, below, takes_any=is_alone)


def _below(prefix: str, intervals: dict[str, tuple[int, ...]], *, takes_any: bool) -> Iterator[str]:
    """Return rules for the nodes below a prefix, by their shortest intervals.

    The shortest comes last and, if it may, *takes any* node: a new one loses nothing.
    """
    shortest = {seen[0] for seen in intervals.values()}
    for interval_s in sorted(shortest, reverse=True):
        names = [node for node, seen in intervals.items() if seen[0] == interval_s]
        is_any = takes_any and interval_s == min(shortest)
        yield _rule(
            f"lmaster:{prefix}:{interval_s}s" if prefix else f"lmaster:{interval_s}s",
            f"^{_any_node(prefix) if is_any else _some(prefix, names)}\\.",
            interval_s,
            _note({seen for node, seen in intervals.items() if node in set(names)}),
        )


def _intervals(targets: Iterable[Target]) -> dict[_Place, tuple[int, ...]]:
    """Return the intervals of each place, the shortest first."""
    found: dict[_Place, set[int]] = {}
    for target in targets:
        found.setdefault(_place(target), set()).add(target.interval_s)
    return {place: tuple(sorted(intervals)) for place, intervals in found.items()}


def _place(target: Target) -> _Place:
    prefix, _, node = target.path.rpartition(".")
    return _Place(prefix, node)


def _bare(targets: Iterable[Target], group: str) -> list[str]:
    return [_place(target).node for target in targets if target.group == group]


def _any_node(prefix: str) -> str:
    return f"{of_names([prefix])}\\.[^.]+"


def _some(prefix: str, names: Sequence[str]) -> str:
    return f"{of_names([prefix])}\\.{of_names(names)}" if prefix else of_names(names)


def _note(seen: set[tuple[int, ...]]) -> str:
    shared = sorted(
        {interval_s for intervals in seen if len(intervals) > 1 for interval_s in intervals}
    )
    return _SHARED.format(intervals=", ".join(map(str, shared))) if shared else ""


def _rule(name: str, pattern: str, interval_s: int, note: str = "") -> str:
    kept = ",".join(f"{step_s}s:{step_s * slots}s" for step_s, slots in archives(interval_s))
    lines = [note, f"[{name}]", f"pattern = {pattern}", f"retentions = {kept}"]
    return "\n".join(filter(None, lines))
