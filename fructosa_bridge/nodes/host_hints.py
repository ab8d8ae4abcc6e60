"""What is wrong with a text in place of a node set, and what is probably meant.

Each function returns the end of a sentence that begins with the text.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address

from fructosa_service.config.kinds import ENDPOINT, HOST, Endpoint
from fructosa_service.errors import shown, visible

HAS_PORT = "has a port; write {host} here, and set port = {port} in the [nodes:...] section"
IS_URL = "is a URL; write {host} here, and set port and path in the [nodes:...] section"
LIKE_A_FILE = "looks like a file; files are given by their absolute path, e.g. {path}"
IPV6_IN_BRACKETS = "has an IPv6 address in brackets; write {host}"
AND_PORT = ", and set port = {port} in the [nodes:...] section"
IN_BRACKETS = "has {part} in brackets, which are for numbers; write e.g. node[001-128]"
ENDS_IN_PORT = (
    "{host} is an IPv6 address that ends in {port}; if that is the port, write {address}, and set "
    "port = {port}"
)
AND_MORE = " (and {more} more like it)"

# No domain has such a name.
_FILES = (".cfg", ".conf", ".csv", ".ini", ".json", ".list", ".lst", ".txt", ".yaml", ".yml")
_URL = re.compile(r"(?P<scheme>[a-z]+://)?(?P<endpoint>[^/]+)(?P<path>/.*)?")
_BRACKETS = re.compile(r"\[(?P<part>[^\[\]]*[^-\[\]\d,/ ][^\[\]]*)\](:(?P<port>\d+))?")
_RANGE_AND_PORT = re.compile(r"(?P<hosts>[^\s:]*\[[\d,-]+\][^\s:]*):(?P<port>\d+)")
# Of lagent, node_exporter and lmaster.
_USUAL_PORTS = (9888, 9100, 9889)


def is_file_name(text: str) -> bool:
    """Return whether *text* looks like the name or the path of a file."""
    return text.startswith("~") or text.lower().endswith(_FILES) or "/" in text


def host_problem(text: str) -> str | None:
    """Return what is wrong with *text* in place of a host; None if it is one."""
    if match := _URL.fullmatch(text):
        endpoint = _endpoint(match["endpoint"])
        if endpoint is not None and (match["scheme"] or endpoint.port is not None):
            is_url = match["scheme"] or match["path"]
            template = IS_URL if is_url else HAS_PORT
            return template.format(host=endpoint.host, port=endpoint.port)
    if is_file_name(text):
        name = visible(text.rpartition("/")[2]) or "nodes.txt"
        return LIKE_A_FILE.format(path=f"/etc/fructosa/{name}")
    try:
        HOST.parse(text)
    except ValueError as error:
        return str(error)
    return None


def _endpoint(text: str) -> Endpoint | None:
    try:
        return ENDPOINT.parse(text)
    except ValueError:
        return None


def range_problem(text: str) -> str | None:
    """Return what is wrong with a node set that ends in a port; None if it does not."""
    match = _RANGE_AND_PORT.fullmatch(text)
    return None if match is None else HAS_PORT.format(host=match["hosts"], port=match["port"])


def brackets_problem(text: str) -> str | None:
    """Return what is wrong with the brackets of a node set; None if they hold numbers."""
    match = _BRACKETS.search(text)
    if match is None:
        return None
    if not _is_ipv6(match["part"]):
        return IN_BRACKETS.format(part=shown(match["part"]))
    problem = IPV6_IN_BRACKETS.format(host=visible(match["part"]))
    return problem + (AND_PORT.format(port=match["port"]) if match["port"] else "")


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(HOST.parse(text))
    except ValueError:
        return False
    return True


def port_warnings(hosts: Iterable[str], port: int) -> Iterator[str]:
    """Yield a warning if IPv6 addresses end in a port: fd77::13:9888 is a valid address."""
    ports = {str(one): None for one in (port, *_USUAL_PORTS)}
    found = [
        (host, address, end)
        for host, (address, _, end) in ((host, host.rpartition(":")) for host in hosts)
        if end in ports and _is_ipv6(address)
    ]
    if found:
        host, address, end = found[0]
        warning = ENDS_IN_PORT.format(host=host, address=address, port=end)
        yield warning + (AND_MORE.format(more=len(found) - 1) if len(found) > 1 else "")
