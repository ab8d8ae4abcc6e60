"""Whether a dashboard saved in Grafana equals the one to push."""

from collections.abc import Mapping
from typing import Any

# Grafana sets id and version. The dashboard was requested by its uid.
_IGNORED = {"id", "version", "uid"}
_SCHEMA = "schemaVersion"


def is_unchanged(saved: Mapping[str, Any], pushed: Mapping[str, Any]) -> bool:
    """Return whether pushing the model *pushed* would change nothing in *saved*.

    Grafana returns what was saved, with its own id and version. All else must be equal, so that
    what people added is detected too. But if Grafana has migrated the dashboard to a newer schema,
    it has rewritten it, and would do so again. Then *saved* must contain all of *pushed*, and may
    contain more.
    """
    ours, theirs = _content(pushed), _content(saved)
    if _is_newer(theirs.get(_SCHEMA), ours.get(_SCHEMA)):
        return _contains(theirs | {_SCHEMA: ours[_SCHEMA]}, ours)
    return theirs == ours


def _content(model: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in model.items() if key not in _IGNORED}


def _is_newer(theirs: Any, ours: Any) -> bool:
    return isinstance(theirs, int) and isinstance(ours, int) and theirs > ours


def _contains(saved: Any, pushed: Any) -> bool:
    """Return whether *saved* contains *pushed*: objects may have more keys, lists are as long."""
    if isinstance(pushed, dict) and isinstance(saved, dict):
        return all(
            key in saved and (_contains(saved[key], value) or _names(saved[key], key, value))
            for key, value in pushed.items()
        )
    if isinstance(pushed, list) and isinstance(saved, list):
        return len(saved) == len(pushed) and all(map(_contains, saved, pushed))
    return bool(saved == pushed)


def _names(saved: Any, key: str, pushed: Any) -> bool:
    """Return whether *saved* is a data source in the format of schema 33: its uid, not its name."""
    return key == "datasource" and isinstance(saved, dict) and saved.get("uid") == pushed
