"""Series into Graphite's tags: ``metric;label=value``, each label a tag.

Distinct series get distinct tags. A value keeps letters, digits and ``_ : / + -``, and dots that
stand between letters and digits; every other byte is ``#`` with two hexadecimal digits. So values
read as on the page, and carbon, its relays and VictoriaMetrics take them unchanged.
"""

import re
from collections.abc import Collection, Iterable

from .graphite_paths import mark

# carbon-c-relay 3.7 makes one dot of two, and drops those at the end, also in tags.
_OTHER = re.compile(rb"[^A-Za-z0-9_:/+.-]|(?<![A-Za-z0-9])\.|\.(?![A-Za-z0-9])")
# What Graphite's tag database holds of a name and of a value (graphite-web's tags/models.py).
_LONGEST = 191
_KEPT = 150
# A line of carbon's plaintext receiver has 16384 bytes; a page's path is no longer than elsewhere.
_LONGEST_TAGS = 2000
# No label is called so: their names have no "-".
_HASH = "labels-hash"
_EXPORTED = "exported_"


def value(text: str) -> str:
    """Return *text* as the value of a tag; one that is too long is cut, and ends in its hash."""
    encoded = text.encode("utf-8", "surrogateescape")
    return _cut(_OTHER.sub(lambda byte: f"#{byte[0].hex()}".encode(), encoded).decode())


def exported(name: str, own: Collection[str]) -> str:
    """Return *name*; with ``exported_`` before it if it is one of our *own*, as in Prometheus.

    A name that begins so already gets another one: distinct names stay distinct.
    """
    bare = name
    while bare.startswith(_EXPORTED):
        bare = bare.removeprefix(_EXPORTED)
    return f"{_EXPORTED}{name}" if bare in own else name


def tags(labels: Iterable[tuple[str, str]], own: Collection[str] = ()) -> str:
    """Return *labels* as tags in the order of their names, each with a ``;`` before it.

    A label that is called like a tag of our *own* gives way. An empty value is no label.
    """
    pairs = sorted((_cut(exported(name, own)), value(text)) for name, text in labels if text)
    found = "".join(f";{name}={text}" for name, text in pairs)
    return found if len(found) <= _LONGEST_TAGS else f";{_HASH}={mark(found)}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_KEPT]}{mark(text)}"
