"""From series to Graphite paths: ``metric.label.value.label.value``, below the path of the node.

The path of a series depends on the series alone, and different series have different paths. Labels
are sorted by name. A metric whose labels are declared has their values alone: its first value is
always that of its first label.

A part of a path keeps letters, digits, ``_`` and ``-``, has ``:`` for ``/``, and ``#`` with two
hexadecimal digits for every other byte. Such parts are valid file names, and Graphite's functions,
carbon and its relays leave them unchanged: ``eth0`` stays ``eth0``, ``/`` becomes ``:``, ``/home``
becomes ``:home``.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import sha256

_OTHER = re.compile(rb"[^A-Za-z0-9_/-]")
# What each byte becomes.
_TEXTS = [
    ":" if byte == ord("/") else f"#{byte:02x}" if _OTHER.match(bytes([byte])) else chr(byte)
    for byte in range(256)
]
_ESCAPED = re.compile(rb"#([0-9a-f]{2})")
# A file name has 255 bytes; Whisper's ends in .wsp.
_LONGEST_PART = 251
# A path in the file system has 4096 bytes; the folder of the store, prefix and node need some.
_LONGEST_PATH = 2000
# In place of an empty value. In every other part, "#" is followed by two digits or "#".
EMPTY = "#"
# Before a hash. No part of a path begins so otherwise.
HASH_MARK = "##"


def part(value: str) -> str:
    """Return *value* as one part of a path.

    A value that is too long is cut and ends in ``##`` and a hash of the whole, which no other value
    has.
    """
    encoded = value.encode("utf-8", "surrogateescape")
    readable = "".join(map(_TEXTS.__getitem__, encoded)) or EMPTY
    if len(readable) <= _LONGEST_PART:
        return readable
    return f"{readable[:200]}{hash_of(readable)}"


def hash_of(text: str) -> str:
    """Return what replaces the rest of a *text* that is too long; no value looks like it."""
    return f"{HASH_MARK}{sha256(text.encode()).hexdigest()[:32]}"


def value(part: str) -> str:
    """Return the value that *part* was made of, for people; one that was cut stays cut."""
    text = b"" if part == EMPTY else part.replace(":", "/").encode()
    decoded = _ESCAPED.sub(lambda escape: bytes.fromhex(escape[1].decode()), text)
    return decoded.decode("utf-8", "backslashreplace")


def path(name: str, labels: Iterable[tuple[str, str]], declared: Sequence[str] = ()) -> str:
    """Return the path of a series, whatever the order of its *labels*.

    *declared* are all labels that its metric is declared with. If it has no other, their values
    suffice, in this order. A label with an empty value is a missing one, as in all of Prometheus.

    A path with names and values may have as many parts as one with values alone; it then ends in
    ``#`` as a further part. Declared labels are never so many, nor are names with their values.
    """
    values = {label: value for label, value in labels if value}
    if values.keys() <= set(declared):
        return _joined(part(name), [part(values.get(label, "")) for label in declared])
    parts = [part(each) for pair in sorted(values.items()) for each in pair]
    if len(parts) == len(declared):
        parts.append(EMPTY)
    return _joined(part(name), parts)


def _joined(metric: str, parts: Sequence[str]) -> str:
    """Return a path; if it is too long, its labels become a hash."""
    whole = ".".join([metric, *parts])
    return whole if len(whole) <= _LONGEST_PATH else f"{metric}.{hash_of(whole)}"


def node_part(host: str) -> str:
    """Return a node's part of the path: the host name up to its first dot, or the whole address.

    Several hosts can have the same part (``n1.a``, ``n1.b``): the caller must check that.
    """
    if ":" in host or host.replace(".", "").isdecimal():  # it may be an address, to be parsed
        with suppress(ValueError):
            return part(re.sub("[.:]", "-", str(ipaddress.ip_address(host))))
    return part(host.partition(".")[0])
