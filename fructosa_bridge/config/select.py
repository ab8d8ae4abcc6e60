"""Some nodes out of those that are known, as people name them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from fructosa_service.errors import UsageError, did_you_mean

from .node_sets import folded

T = TypeVar("T")


def pick(
    known: Sequence[T], wanted: Sequence[str] | None, host: Callable[[T], str], where: str
) -> list[T]:
    """Return those of the *known* whose host is *wanted*, all if nothing is said.

    A host may be called by its name up to the first dot as well.
    Raises: UsageError that names the hosts which are not *where* they are looked for.
    """
    if wanted is None:
        return list(known)
    names = set(wanted)
    found = [one for one in known if names & set(_called(host(one)))]
    if unknown := names - {name for one in found for name in _called(host(one))}:
        hint = did_you_mean(min(unknown), {host(one) for one in known}) if len(unknown) == 1 else ""
        raise UsageError(f"{_some(unknown)} not among the nodes of {where}{hint}")
    return found


def _called(host: str) -> tuple[str, str]:
    return host, host.partition(".")[0]


def _some(hosts: set[str]) -> str:
    return f"{folded(hosts)} {'is' if len(hosts) == 1 else 'are'}"
