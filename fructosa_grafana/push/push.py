"""Push dashboards: compare each with the saved one, and send those that differ."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from fructosa_service.errors import ServiceError, shown

from ..json_model.dashboard import FOLDER_TITLE, FOLDER_UID
from .access import GrafanaAccess
from .api import GrafanaApi, Model
from .client import GrafanaClient
from .comparison import is_unchanged


@dataclass(frozen=True, kw_only=True)
class PushResult:
    """What a push did with a dashboard or folder or, in a dry run, would do."""

    action: Literal["created", "updated", "unchanged"]
    title: str
    url: str
    is_dry_run: bool = False

    def __str__(self) -> str:
        would_act = self.is_dry_run and self.action != "unchanged"
        return f"{'would be ' if would_act else ''}{self.action}: {self.title} {self.url}"


def push(
    access: GrafanaAccess,
    dashboards: Iterable[Model],
    report: Callable[[PushResult], None],
    *,
    is_dry_run: bool = False,
) -> None:
    """Create or update *dashboards* in their folder; *report* is called with each result.

    A dashboard that is unchanged is not sent. A dry run sends nothing.

    Raises: ServiceError if Grafana cannot be reached, or refuses a request; what was reported
    before is done.
    """
    with GrafanaClient(access) as client:
        api = GrafanaApi(client)
        api.check_is_grafana()
        folder = api.folder()
        if folder is None:
            url = f"{access.url}/dashboards/f/{FOLDER_UID}"
            folder = {} if is_dry_run else api.create_folder()
            title = f"folder {FOLDER_TITLE}"
            report(PushResult(action="created", title=title, url=url, is_dry_run=is_dry_run))
        for model in dashboards:
            url = f"{access.url}/d/{model['uid']}"
            action = _push_one(api, access.url, folder, model, is_dry_run)
            report(PushResult(action=action, title=model["title"], url=url, is_dry_run=is_dry_run))


def _push_one(
    api: GrafanaApi, url: str, folder: Model, model: Model, is_dry_run: bool
) -> Literal["created", "updated", "unchanged"]:
    """Send a dashboard unless it is unchanged; return what was done."""
    saved, meta = api.dashboard(model)
    if saved is not None and _is_in(folder, meta) and is_unchanged(saved, model):
        return "unchanged"
    if meta.get("provisioned") is True:
        raise ServiceError(
            f"{url} has {shown(model['title'])} provisioned from a file, and accepts no other; "
            "write the file again (lmaster dashboards --output DIR), or delete it and push again"
        )
    if not is_dry_run:
        api.save(model, folder, None if saved is None else saved.get("version"))
    return "created" if saved is None else "updated"


def _is_in(folder: Model, meta: Model) -> bool:
    """Return whether a dashboard is in a folder; Grafana 7.5 reports only the folder's id."""
    if isinstance(uid := meta.get("folderUid"), str):
        return uid == FOLDER_UID
    return "id" in folder and meta.get("folderId") == folder["id"]
