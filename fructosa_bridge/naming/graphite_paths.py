"""From series to Graphite paths: ``metric.label value.label value``, below the path of the node.

Different series of a node have different paths. A part of a path keeps letters, digits, ``_`` and
``-``, has ``:`` for ``/``, and ``#`` with two hexadecimal digits for every other byte. Such parts
are valid file names, and Graphite's functions, carbon and its relays leave them unchanged: ``eth0``
stays ``eth0``, ``/`` becomes ``:``, ``/home`` becomes ``:home``.
"""

import ipaddress
import re
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256

_OTHER = re.compile(rb"[^A-Za-z0-9_/-]")
_ESCAPED = re.compile(rb"#([0-9a-f]{2})")
# A file name has 255 bytes; Whisper's ends in .wsp.
_LONGEST_PART = 251
# A path in the file system has 4096 bytes; the folder of the store, prefix and node need some.
_LONGEST_PATH = 2000
# Between name and value of a label. No value contains it: "#" is followed by two digits or "#".
LABEL_SEPARATOR = "#:"


def part(value: str) -> str:
    """Return *value* as one part of a path.

    A value that is too long is cut and ends in ``##`` and a hash of the whole, which no other value
    has.
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
    return f"{readable[:200]}{hash_mark(readable)}"


def hash_mark(text: str) -> str:
    """Return what replaces the rest of a *text* that is too long; no value looks like it."""
    return f"##{sha256(text.encode()).hexdigest()[:32]}"


def _joined(metric: str, *parts: str) -> str:
    """Return a path; if it is too long, its labels become a hash."""
    whole = ".".join([metric, *parts])
    return whole if len(whole) <= _LONGEST_PATH else f"{metric}.{hash_mark(whole)}"


def value(part: str) -> str:
    """Return the value that *part* was made of, for people; one that was cut stays cut."""
    text = part.replace(":", "/").encode()
    decoded = _ESCAPED.sub(lambda escape: bytes.fromhex(escape[1].decode()), text)
    return decoded.decode("utf-8", "backslashreplace")


def path(name: str, labels: Iterable[tuple[str, str]]) -> str:
    """Return the path of a series: its label values in the order of the page.

    A label with an empty value is a missing one, as everywhere in Prometheus.
    """
    return _joined(part(name), *(part(value) for _, value in labels if value))


def explicit_path(name: str, labels: Iterable[tuple[str, str]]) -> str:
    """Return a path with the names of the labels: ``metric.label#:value``.

    It is for series that differ only in label names. No value contains ``#:``, so it never is the
    path of another series; carbon-c-relay would replace a ``=`` by ``_``.
    """
    named = (f"{label}{LABEL_SEPARATOR}{_readable(value)}" for label, value in labels if value)
    return _joined(part(name), *map(_shortened, named))


def node_part(host: str) -> str:
    """Return a node's part of the path: the host name up to its first dot, or the whole address.

    Several hosts can have the same part (``n1.a``, ``n1.b``): the caller must check that.
    """
    if ":" in host or host.replace(".", "").isdecimal():  # it may be an address, to be parsed
        with suppress(ValueError):
            return part(re.sub("[.:]", "-", str(ipaddress.ip_address(host))))
    return part(host.partition(".")[0])
