"""[web] of lmaster: that of both daemons, and by which names the pages may be asked for."""

from dataclasses import dataclass, replace

from fructosa_service.config.kinds import HOST, several
from fructosa_service.config.settings import option
from fructosa_service.web.settings import WEB, WebSettings


@dataclass(frozen=True, kw_only=True)
class MasterWebSettings(WebSettings):
    """Where to listen, TLS, users, limits, and names of lmaster."""

    hosts: tuple[str, ...] = option(
        several(HOST),
        (),
        "Further names of lmaster, such as an alias or that of a proxy. Without TLS, requests that "
        "change something, and all requests while it listens on loopback addresses only, must name "
        "an address, a name of this machine, or one of these. So a page of another site cannot "
        "have them sent under its own name.",
    )


MASTER_WEB = replace(WEB, settings=MasterWebSettings)
