"""From series to Graphite tags: ``metric;label=value``, each label a tag.

The tags of a series depend on the series alone, and different series have different tags. A name or
value keeps letters, digits and ``_ : / + -``, and dots between letters and digits; every other byte
becomes ``#`` with two hexadecimal digits. So values mostly look as on the page, and carbon, its
relays and VictoriaMetrics leave them unchanged.
"""

import re
from collections.abc import Collection, Iterable

from .graphite_paths import hash_of

# carbon-c-relay 3.7 merges two dots, and drops a dot at the end, also in tags.
_OTHER = re.compile(rb"[^A-Za-z0-9_:/+.-]++|(?<![A-Za-z0-9])\.|\.(?![A-Za-z0-9])")
# The longest name and value in Graphite's tag database (graphite-web's tags/models.py).
_LONGEST = 191
_KEPT = 150
# A line of carbon's plaintext receiver has 16384 bytes; the same limit as for paths.
_LONGEST_TAGS = 2000
# No label with this name has a hash as its value.
_HASH = "labels-hash"
_EXPORTED = "exported_"
_ESCAPES = [f"#{byte:02x}" for byte in range(256)]


def escaped(text: str) -> str:
    """Return *text* as the name or value of a tag; if it is too long, it ends in a hash."""
    encoded = text.encode("utf-8", "surrogateescape")
    found = _OTHER.sub(_escapes, encoded).decode()
    return found if len(found) <= _LONGEST else f"{found[:_KEPT]}{hash_of(found)}"


def _escapes(found: re.Match[bytes]) -> bytes:
    return "".join(map(_ESCAPES.__getitem__, found[0])).encode()


def exported(name: str, reserved: Collection[str]) -> str:
    """Return *name*, with ``exported_`` before it if it is *reserved*, as in Prometheus.

    A name with that prefix gets another one, so that different names stay different.
    """
    bare = name
    while bare.startswith(_EXPORTED):
        bare = bare.removeprefix(_EXPORTED)
    return f"{_EXPORTED}{name}" if bare in reserved else name


def tags(labels: Iterable[tuple[str, str]], reserved: Collection[str] = ()) -> str:
    """Return *labels* as tags in the order of their names, each with a ``;`` before it.

    A label with a *reserved* name is renamed. A label with an empty value is a missing one.
    """
    pairs = sorted(
        (escaped(exported(name, reserved)), escaped(value)) for name, value in labels if value
    )
    found = "".join(f";{name}={value}" for name, value in pairs)
    return found if len(found) <= _LONGEST_TAGS else f";{_HASH}={hash_of(found)}"
