"""Messages for error responses of Grafana: what it refused, why, and what to do."""

from collections.abc import Mapping
from typing import Any

from fructosa_service.errors import visible

CHECK_URL = (
    "check that this is the URL of Grafana, with the path under which it is served "
    "(https://host/grafana)"
)
REFUSED = "{url} refused to {action}"
NO_CREDENTIALS = (
    "requires authentication; give --token-file FILE, or --user NAME --password-file FILE"
)
WRONG_TOKEN = "rejected the token; put the token of a service account into --token-file"  # noqa: S105 - a message
WRONG_USER = "rejected the user name or the password; correct them, or use --token-file"
ACCOUNT = "the account of {option}"
NO_PERMISSION = (
    "{client} needs the role Editor (permission to read, create and write folders and dashboards)"
)
SAME_TITLE = "another dashboard in the folder has the same title; rename or delete it"
SAVED_MEANWHILE = "somebody saved it in the meantime; check what was saved, and push again"
OTHER_CONFLICT = "it conflicts with existing content; check there"
TOO_MANY_REQUESTS = "too many requests; try again later"
FAILED = "{url} failed to {action} (status {status}){reason}; check Grafana's log, and try again"
REDIRECTS = "{url} redirects {where}; give the final URL of Grafana, with https:// if needed"

# The field "status" of a response with status code 412.
_PRECONDITIONS = {
    "name-exists": SAME_TITLE,
    "version-mismatch": SAVED_MEANWHILE,
    "plugin-dashboard": "it belongs to a plug-in; delete it there",
}


def error_message(
    url: str, action: str, status: int, body: Any, credentials_option: str | None
) -> str:
    """Return why a request failed, and what to do.

    *action* completes "refused to ...". *credentials_option* is the command line option with the
    credentials, None if the request had none.
    """
    refused = REFUSED.format(url=url, action=action)
    reason = message_of(body)
    if status == 401:
        return f"{url} {_credentials_error(credentials_option)}{reason}"
    if status == 403:
        client = (
            ACCOUNT.format(option=credentials_option) if credentials_option else "anonymous access"
        )
        return f"{refused}{reason}: {NO_PERMISSION.format(client=client)}"
    if status == 412:
        code = body.get("status") if isinstance(body, Mapping) else None
        why = _PRECONDITIONS.get(code) if isinstance(code, str) else None
        return f"{refused}{reason}: {why or OTHER_CONFLICT}"
    if status == 429:
        return f"{refused}{reason}: {TOO_MANY_REQUESTS}"
    if status >= 500:
        return FAILED.format(url=url, action=action, status=status, reason=reason)
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
    return REDIRECTS.format(url=url, where=where)


def _credentials_error(option: str | None) -> str:
    if option is None:
        return NO_CREDENTIALS
    if option == "--token-file":
        return WRONG_TOKEN
    return WRONG_USER
