"""Whether a dashboard that a Grafana keeps is the one that would be sent."""

from collections.abc import Mapping
from typing import Any

# What Grafana counts for itself; the uid is what it was asked for.
_ITS_OWN = {"id", "version", "uid"}
_SCHEMA = "schemaVersion"


def is_unchanged(kept: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Tell whether sending the model *sent* would change nothing of *kept*.

    Grafana gives back what was saved, with its own id and version: all else has to be equal, so
    that what a person has added is noticed too. A Grafana that has brought the dashboard up to a
    newer schema has written it in its own way, though, and would do so again: then all that is
    sent has to be there still, and what is there besides does not count.
    """
    ours, its = _content(sent), _content(kept)
    if _is_newer(its.get(_SCHEMA), ours.get(_SCHEMA)):
        return _holds(its | {_SCHEMA: ours[_SCHEMA]}, ours)
    return its == ours


def _content(model: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in model.items() if key not in _ITS_OWN}


def _is_newer(its: Any, ours: Any) -> bool:
    return isinstance(its, int) and isinstance(ours, int) and its > ours


def _holds(kept: Any, sent: Any) -> bool:
    """Tell whether *kept* has all of *sent*: a mapping may have more, a list is as long."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        return all(
            key in kept and (_holds(kept[key], value) or _names(kept[key], key, value))
            for key, value in sent.items()
        )
    if isinstance(sent, list) and isinstance(kept, list):
        return len(kept) == len(sent) and all(map(_holds, kept, sent))
    return bool(kept == sent)


def _names(kept: Any, key: str, sent: Any) -> bool:
    """Tell whether *kept* is a data source in the way of schema 33: by its uid, not its name."""
    return key == "datasource" and isinstance(kept, dict) and kept.get("uid") == sent
