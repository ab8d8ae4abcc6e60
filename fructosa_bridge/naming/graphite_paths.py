"""Series into Graphite paths: ``metric.label value.label value``, below a node's own path.

Distinct series of a node get distinct paths, and no value can leave its place: a part of a path
holds letters, digits, ``_`` and ``-`` as they are, ``/`` as ``:``, and every other byte as ``#``
with two hexadecimal digits. All of these are names of files, and pass Graphite's functions,
carbon and its relays unchanged. So ``eth0`` stays ``eth0``, ``/`` is ``:``, ``/home`` is ``:home``.
"""

import ipaddress
import re
from collections.abc import Iterable
from hashlib import sha256

_OTHER = re.compile(rb"[^A-Za-z0-9_/-]")
_ESCAPED = re.compile(rb"#([0-9a-f]{2})")
# A file name has 255 bytes; Whisper's ends in .wsp.
_LONGEST_PART = 251
# A path of the file system has 4096 bytes, shared with the store's folder, prefix and node.
_LONGEST_PATH = 2000
# Between name and value of a label; no value has it, as two digits or a hash follow its "#".
NAMES_A_LABEL = "#:"


def part(value: str) -> str:
    """Return *value* as one part of a path.

    One that is too long is cut, and ends in a hash of the whole after ``##``, which no other
    value can have.
    """
    return _shortened(_readable(value))


def _readable(value: str) -> str:
    encoded = value.encode("utf-8", "surrogateescape")
    return (
        _OTHER.sub(lambda byte: f"#{byte[0].hex()}".encode(), encoded).replace(b"/", b":").decode()
    )


def _shortened(readable: str) -> str:
    if len(readable) <= _LONGEST_PART:
        return readable
    return f"{readable[:200]}{mark(readable)}"


def mark(text: str) -> str:
    """Return what stands for the rest of a *text* that is too long; no value looks like it."""
    return f"##{sha256(text.encode()).hexdigest()[:32]}"


def _joined(metric: str, *parts: str) -> str:
    """Return a path; the labels of one that is too long are a hash alone."""
    whole = ".".join([metric, *parts])
    return whole if len(whole) <= _LONGEST_PATH else f"{metric}.{mark(whole)}"


def value(part: str) -> str:
    """Return the value that *part* was made of, for people to read; one that was cut stays so."""
    text = part.replace(":", "/").encode()
    decoded = _ESCAPED.sub(lambda escape: bytes.fromhex(escape[1].decode()), text)
    return decoded.decode("utf-8", "backslashreplace")


def path(name: str, labels: Iterable[tuple[str, str]]) -> str:
    """Return the path of a series: the values of its labels, in the order of the page.

    An empty value is no label, as everywhere in this format.
    """
    return _joined(part(name), *(part(value) for _, value in labels if value))


def explicit_path(name: str, labels: Iterable[tuple[str, str]]) -> str:
    """Return a path that names the labels too: ``metric.label#:value``.

    It is for series that differ only in the names of labels. No value holds a ``#:``, so it is
    never the path of another series; a ``=`` carbon-c-relay would turn into ``_``.
    """
    named = (f"{label}{NAMES_A_LABEL}{_readable(value)}" for label, value in labels if value)
    return _joined(part(name), *map(_shortened, named))


def node_part(host: str) -> str:
    """Return a node's part of the path: the host name up to its first dot; an address whole.

    Several hosts can have the same part (``n1.a``, ``n1.b``): who makes targets must check.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return part(host.partition(".")[0])
    return part(re.sub("[.:]", "-", str(address)))
