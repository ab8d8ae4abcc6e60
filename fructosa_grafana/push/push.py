"""Dashboards, brought into a Grafana that runs: what it has is looked at, what differs is sent."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from fructosa_service import __version__
from fructosa_service.errors import ServiceError, shown

from ..json_model.dashboard import FOLDER_TITLE, FOLDER_UID
from .api_errors import NO_GRAFANA, refusal, said
from .client import Api, Model, Place
from .comparison import is_unchanged


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a dashboard or folder, or, in a dry run, what would."""

    what: Literal["created", "updated", "unchanged"]
    title: str
    url: str
    is_dry: bool = False

    def __str__(self) -> str:
        is_would = self.is_dry and self.what != "unchanged"
        what = f"would be {self.what}" if is_would else self.what
        return f"{what}: {self.title} {self.url}"


Tell = Callable[[Outcome], None]


def push(place: Place, dashboards: Iterable[Model], tell: Tell, *, is_dry: bool = False) -> None:
    """Make a Grafana have *dashboards* in their folder; tell of each what became of it.

    A dashboard that it has already, unchanged, is not sent. In a dry run nothing is.

    Raises: ServiceError when it can't be asked, or refuses; what was told of before is done.
    """
    with Api(place) as api:
        grafana = _Grafana(api)
        grafana.check()
        folder = grafana.folder()
        if folder is None:
            url = f"{place.url}/dashboards/f/{FOLDER_UID}"
            folder = {} if is_dry else grafana.make_folder()
            tell(Outcome(what="created", title=f"folder {FOLDER_TITLE}", url=url, is_dry=is_dry))
        for model in dashboards:
            tell(_sent(grafana, folder, model, is_dry))


def _sent(grafana: "_Grafana", folder: Model, model: Model, is_dry: bool) -> Outcome:
    """Send one dashboard, if it isn't there as it is."""
    title, url = model["title"], f"{grafana.place.url}/d/{model['uid']}"
    kept, meta = grafana.dashboard(model)
    if kept is None:
        what: Literal["created", "updated"] = "created"
    elif _is_in(meta, folder) and is_unchanged(kept, model):
        return Outcome(what="unchanged", title=title, url=url)
    elif meta.get("provisioned") is True:
        raise ServiceError(
            f"{grafana.place.url} has {shown(title)} from a file, and takes no other; write the "
            "file anew (lmaster dashboards --output DIR), or remove it and push again"
        )
    else:
        what = "updated"
    if not is_dry:
        grafana.save(model, folder, None if kept is None else kept.get("version"))
    return Outcome(what=what, title=title, url=url, is_dry=is_dry)


def _is_in(meta: Model, folder: Model) -> bool:
    """Tell whether a dashboard is in a folder; 7.5 tells the folder's number alone."""
    if isinstance(uid := meta.get("folderUid"), str):
        return uid == FOLDER_UID
    return "id" in folder and meta.get("folderId") == folder["id"]


class _Grafana:
    """What is asked of a Grafana, and how its answers are read."""

    def __init__(self, api: Api) -> None:
        self.place = api.place
        self._ask = api.ask

    def check(self) -> None:
        """Ask whether this is a Grafana at all, before anything secret is told.

        Raises: ServiceError when it is not.
        """
        doing = "tell its health"
        status, body = self._ask("GET", "/api/health", is_known=False)
        is_guarded = status in {401, 403}  # by a proxy before it, which will see who asks
        if is_guarded or (status == 200 and isinstance(body, dict) and "database" in body):
            return
        if status == 200:
            raise self._strange(doing)
        raise ServiceError(refusal(self.place.url, doing, status, body, self.place.who))

    def folder(self) -> Model | None:
        """Return the dashboards' folder, None if there is none."""
        doing = f"show the folder {FOLDER_TITLE}"
        status, body = self._ask("GET", f"/api/folders/{FOLDER_UID}")
        # An editor of newer Grafanas may not even know that a folder is not there.
        if status in {403, 404} and isinstance(body, dict):
            return None
        return self._good(doing, status, body, "uid")

    def make_folder(self) -> Model:
        """Make the dashboards' folder, and return it."""
        doing = f"make the folder {FOLDER_TITLE}"
        status, body = self._ask("POST", "/api/folders", {"uid": FOLDER_UID, "title": FOLDER_TITLE})
        if status in {409, 412}:
            raise ServiceError(
                f"{self.place.url} refuses to {doing}{said(body)}: there is one of that name, or "
                f"it is hidden from you; rename it, give it the uid {FOLDER_UID}, or ask as who "
                "may see it"
            )
        return self._good(doing, status, body, "uid")

    def dashboard(self, model: Model) -> tuple[Model | None, Model]:
        """Return the dashboard kept under the uid of *model*, if any, and what is said of it."""
        doing = f"show the dashboard {shown(model['title'])}"
        status, body = self._ask("GET", f"/api/dashboards/uid/{quote(model['uid'], safe='')}")
        if status == 404 and isinstance(body, dict):
            return None, {}
        found = self._good(doing, status, body, "dashboard")
        kept, meta = found["dashboard"], found.get("meta")
        if not isinstance(kept, dict) or not isinstance(meta, dict):
            raise self._strange(doing)
        return kept, meta

    def save(self, model: Model, folder: Model, version: Any) -> None:
        """Save a dashboard in a folder, in place of the *version* that was seen there, if any.

        It isn't sent with ``overwrite``: that would also overwrite, uid and all, whatever other
        dashboard has the same title in the folder, and what was saved since it was looked at.
        """
        doing = f"save the dashboard {shown(model['title'])}"
        content = dict(model) if version is None else {**model, "version": version}
        body = {
            "dashboard": content,
            "folderUid": FOLDER_UID,
            "message": f"FrUCToSA {__version__}",
            "overwrite": False,
        }
        if "id" in folder:  # 7.5 knows no folder by its uid
            body["folderId"] = folder["id"]
        status, answer = self._ask("POST", "/api/dashboards/db", body)
        if self._good(doing, status, answer, "uid")["uid"] != model["uid"]:
            raise self._strange(doing)

    def _good(self, doing: str, status: int, body: Any, key: str) -> Model:
        """Return what a successful answer says.

        Raises: ServiceError when it is another one.
        """
        if status != 200:
            raise ServiceError(refusal(self.place.url, doing, status, body, self.place.who))
        if not isinstance(body, dict) or key not in body:
            raise self._strange(doing)
        return body

    def _strange(self, doing: str) -> ServiceError:
        return ServiceError(
            f"{self.place.url}, asked to {doing}, answers otherwise than Grafana; {NO_GRAFANA}"
        )
