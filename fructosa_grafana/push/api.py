"""The requests of Grafana's HTTP API that a push needs."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fructosa_service import __version__
from fructosa_service.errors import ServiceError, shown

from ..json_model.dashboard import FOLDER_TITLE, FOLDER_UID
from .api_errors import CHECK_URL, REFUSED, error_message, message_of
from .client import GrafanaClient

# What Grafana was asked to do: they complete "refused to ...".
REPORT_HEALTH = "report its health"
RETURN_FOLDER = f"return the folder {FOLDER_TITLE}"
CREATE_FOLDER = f"create the folder {FOLDER_TITLE}"
RETURN_DASHBOARD = "return the dashboard {title}"
SAVE_DASHBOARD = "save the dashboard {title}"

UNEXPECTED_RESPONSE = "{url} sent an unexpected response when asked to {action}; " + CHECK_URL

Model = Mapping[str, Any]


class GrafanaApi:
    """Requests for the folder of the dashboards, and for the dashboards in it."""

    def __init__(self, client: GrafanaClient) -> None:
        self._url = client.access.url
        self._credentials_option = client.access.credentials_option
        self._request = client.request

    def check_is_grafana(self) -> None:
        """Check that the server is a Grafana, before it gets any credentials.

        Raises: ServiceError if it is not.
        """
        action = REPORT_HEALTH
        status, body = self._request("GET", "/api/health", with_credentials=False)
        # A proxy in front of Grafana may require credentials, so it has to get them.
        requires_credentials = status in {401, 403}
        if requires_credentials or (
            status == 200 and isinstance(body, dict) and "database" in body
        ):
            return
        if status == 200:
            raise self._unexpected(action)
        raise self._error(action, status, body)

    def folder(self) -> Model | None:
        """Return the folder of the dashboards, None if it does not exist."""
        status, body = self._request("GET", f"/api/folders/{FOLDER_UID}")
        # Newer versions also respond with 403 to an editor if the folder does not exist.
        if status in {403, 404} and isinstance(body, dict):
            return None
        return self._checked(RETURN_FOLDER, status, body, "uid")

    def create_folder(self) -> Model:
        """Create the folder of the dashboards, and return it."""
        new = {"uid": FOLDER_UID, "title": FOLDER_TITLE}
        status, body = self._request("POST", "/api/folders", new)
        if status in {409, 412}:
            refused = REFUSED.format(url=self._url, action=CREATE_FOLDER)
            raise ServiceError(
                f"{refused}{message_of(body)}: a folder with this name "
                f"exists, or is hidden from you; rename it, give it the uid {FOLDER_UID}, or use "
                "an account that can see it"
            )
        return self._checked(CREATE_FOLDER, status, body, "uid")

    def dashboard(self, model: Model) -> tuple[Model | None, Model]:
        """Return the saved dashboard with the uid of *model*, if any, and its metadata."""
        action = RETURN_DASHBOARD.format(title=shown(model["title"]))
        status, body = self._request("GET", f"/api/dashboards/uid/{quote(model['uid'], safe='')}")
        if status == 404 and isinstance(body, dict):
            return None, {}
        response = self._checked(action, status, body, "dashboard")
        saved, meta = response["dashboard"], response.get("meta")
        if not isinstance(saved, dict) or not isinstance(meta, dict):
            raise self._unexpected(action)
        return saved, meta

    def save(self, model: Model, folder: Model, version: Any) -> None:
        """Save a dashboard in a folder; *version* is the version it replaces, None if it is new.

        This does not set ``overwrite``, which would also replace another dashboard with the same
        title in the folder, including its uid, and changes that were saved in the meantime.
        """
        action = SAVE_DASHBOARD.format(title=shown(model["title"]))
        request = {
            "dashboard": dict(model) if version is None else {**model, "version": version},
            "folderUid": FOLDER_UID,
            "message": f"FrUCToSA {__version__}",
            "overwrite": False,
        }
        if "id" in folder:  # Grafana 7.5 does not know folderUid.
            request["folderId"] = folder["id"]
        status, body = self._request("POST", "/api/dashboards/db", request)
        if self._checked(action, status, body, "uid")["uid"] != model["uid"]:
            raise self._unexpected(action)

    def _checked(self, action: str, status: int, body: Any, key: str) -> Model:
        """Return the body of a successful response, which must have a *key*.

        Raises: ServiceError if the request failed, or the response is not one of Grafana.
        """
        if status != 200:
            raise self._error(action, status, body)
        if not isinstance(body, dict) or key not in body:
            raise self._unexpected(action)
        return body

    def _error(self, action: str, status: int, body: Any) -> ServiceError:
        return ServiceError(
            error_message(self._url, action, status, body, self._credentials_option)
        )

    def _unexpected(self, action: str) -> ServiceError:
        return ServiceError(UNEXPECTED_RESPONSE.format(url=self._url, action=action))
