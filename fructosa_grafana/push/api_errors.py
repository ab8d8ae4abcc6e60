"""Messages for error responses of Grafana: what it refused, why, and what to do."""

from collections.abc import Mapping
from typing import Any

from fructosa_service.errors import visible

CHECK_URL = (
    "check that this is the URL of Grafana, with the path under which it is served "
    "(https://host/grafana)"
)
# The field "status" of a response with status code 412.
_PRECONDITIONS = {
    "name-exists": "another dashboard in the folder has the same title; rename or delete it",
    "version-mismatch": "somebody saved it in the meantime; check what was saved, and push again",
    "plugin-dashboard": "it belongs to a plug-in; delete it there",
}


def error_message(
    url: str, action: str, status: int, body: Any, credentials_option: str | None
) -> str:
    """Return why a request failed, and what to do.

    *action* completes "refused to ...". *credentials_option* is the command line option with the
    credentials, None if the request had none.
    """
    refused = f"{url} refused to {action}"
    reason = message_of(body)
    if status == 401:
        return f"{url} {_credentials_error(credentials_option)}{reason}"
    if status == 403:
        client = (
            f"the account of {credentials_option}" if credentials_option else "anonymous access"
        )
        return (
            f"{refused}{reason}: {client} needs the role Editor (permission to read, create and "
            "write folders and dashboards)"
        )
    if status == 412:
        code = body.get("status") if isinstance(body, Mapping) else None
        why = _PRECONDITIONS.get(code) if isinstance(code, str) else None
        return f"{refused}{reason}: {why or 'it conflicts with existing content; check there'}"
    if status == 429:
        return f"{refused}{reason}: too many requests; try again later"
    if status >= 500:
        return (
            f"{url} failed to {action} (status {status}){reason}; check Grafana's log, and try "
            "again"
        )
    return f"{refused} (status {status}){reason}; {CHECK_URL}"


def message_of(body: Any) -> str:
    """Return the message in an error response in brackets, or an empty string."""
    message = body.get("message") if isinstance(body, Mapping) else None
    words = " ".join(message.split()) if isinstance(message, str) else ""
    return f" ({visible(words)})" if words else ""


def redirect_error(url: str, location: str | None) -> str:
    """Return what to do about a redirect, which is not followed: it would get the token."""
    target = (location or "").partition("?")[0]
    where = "elsewhere" if "@" in target or not target else f"to {visible(target)}"
    return f"{url} redirects {where}; give the final URL of Grafana, with https:// if needed"


def _credentials_error(option: str | None) -> str:
    if option is None:
        return (
            "requires authentication; give --token-file FILE, or --user NAME --password-file FILE"
        )
    if option == "--token-file":
        return "rejected the token; put the token of a service account into --token-file"
    return "rejected the user name or the password; correct them, or use --token-file"
