"""What a Grafana means by an answer that is no success, and what to do about it."""

from collections.abc import Mapping
from typing import Any

from fructosa_service.errors import visible

NO_GRAFANA = (
    "is this Grafana's address, with the path below which it is served (https://host/grafana)?"
)
_RIGHTS = "it needs the role Editor (folders and dashboards: read, create and write)"
# What Grafana says in "status" beside 412.
_PRECONDITIONS = {
    "name-exists": "another dashboard there has its title; rename or remove that one",
    "version-mismatch": "somebody has saved it meanwhile; look at what was saved, and push again",
    "plugin-dashboard": "it belongs to a plug-in; remove it there",
}


def said(body: Any) -> str:
    """Return in brackets what Grafana says of its answer itself, if it does."""
    message = body.get("message") if isinstance(body, Mapping) else None
    words = " ".join(message.split()) if isinstance(message, str) else ""
    return f" ({visible(words)})" if words else ""


def refusal(url: str, doing: str, status: int, body: Any, who: str | None) -> str:
    """Return why *doing* something was refused.

    *who* is the option that said who asks, None if nobody did.
    """
    what = f"{url} refuses to {doing}"
    if status == 401:
        return f"{url} {_unknown(who)}{said(body)}"
    if status == 403:
        return f"{what}{said(body)}: {who or 'who asks without a token'} has no right to; {_RIGHTS}"
    if status == 412:
        known = body.get("status") if isinstance(body, Mapping) else None
        why = _PRECONDITIONS.get(known) if isinstance(known, str) else None
        return f"{what}{said(body)}: {why or 'what is there already does not fit; look there'}"
    if status == 429:
        return f"{what}{said(body)}: it has too much to do; try again later"
    if status >= 500:
        return (
            f"{url} fails to {doing}, with {status}{said(body)}; see Grafana's log, and try again"
        )
    return f"{what}, with {status}{said(body)}; {NO_GRAFANA}"


def moved(url: str, place: str | None) -> str:
    """Return what to do about an answer that sends elsewhere; none is followed with a token."""
    where = (place or "").partition("?")[0]
    elsewhere = "elsewhere" if "@" in where or not where else visible(where)
    return f"{url} sends to {elsewhere}; give Grafana's own address, with https:// if it wants it"


def _unknown(who: str | None) -> str:
    if who is None:
        return "wants to know who asks; give --token-file FILE, or --user NAME --password-file FILE"
    if who == "--token-file":
        return "does not know the token; write one of a service account into --token-file"
    return "does not know this user and password; give those of Grafana, or a --token-file"
