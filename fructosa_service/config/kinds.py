"""The kinds of value a setting can have: they parse and check text, and format values.

Configuration files and command lines use the same kinds, so they report a mistake alike.
``Kind.parse`` raises ValueError with the end of a sentence that begins with the value:
``'ten' is not a number of seconds; write e.g. 30``.
"""

import argparse
import ipaddress
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..errors import did_you_mean, shown

T = TypeVar("T")

NOT_A_NUMBER = "is not a {unit}; write e.g. {example}"
TOO_LOW = "is out of range; write at least {low:g}"  # the unit follows this and the next
NOT_BETWEEN = "is out of range; write from {low:g} to {high:.15g}"
NOT_YES_OR_NO = "is not a boolean; write yes or no"
NOT_ONE_OF = "is not one of {names}"
EMPTY = "is empty; write a value after the '='"
SEVERAL_LINES = "has more than one line; write the value on one line"
NOT_A_PATTERN = "is not a valid pattern; write a name, with * for any characters: eth*"
NOT_A_HOST = "is not a valid host; write a name or an address, e.g. localhost"
HAS_PORT = "has a port; write {host} here, and the port on its own"
IN_BRACKETS = "is in brackets; write {host}"
NOT_AN_ENDPOINT = "is not a valid HOST[:PORT]; write e.g. {example} or [::1]:{port}"
CONTAINS = "contains {part}, which {why}"


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[T]):
    """A kind of value; *name* is for help texts, *example* for error messages."""

    name: str
    example: str
    parse: Callable[[str], T]
    show: Callable[[T], str] = str


def _number(text: str, convert: Callable[[str], T], unit: str, example: str) -> T:
    try:
        if not text.isascii() or "_" in text:
            raise ValueError
        return convert(text)
    except ValueError:
        raise ValueError(NOT_A_NUMBER.format(unit=unit, example=example)) from None


def _check_range(value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:
        template = TOO_LOW if math.isinf(high) else NOT_BETWEEN
        raise ValueError(f"{template.format(low=low, high=high)} {unit}".rstrip())


def seconds(*, at_least: float = 0, at_most: float = math.inf, example: str = "30") -> Kind[float]:
    """Return the kind of seconds within bounds, with fractions: ``30`` or ``0.5``."""
    return _real("seconds", "number of seconds", at_least, at_most, example)


def fraction(example: str = "0.8") -> Kind[float]:
    """Return the kind of numbers from 0 to 1."""
    return _real("", "number", 0, 1, example)


def _real(what: str, unit: str, low: float, high: float, example: str) -> Kind[float]:
    def parse(text: str) -> float:
        value = _number(text, float, unit, example)
        if not math.isfinite(value):
            raise ValueError(NOT_A_NUMBER.format(unit=unit, example=example))
        _check_range(value, low, high, what)
        return value

    name = what or f"{low:g} to {high:g}"
    return Kind(name=name, example=example, parse=parse, show=lambda value: f"{value:g}")


def whole(
    unit: str, *, at_least: int = 0, at_most: float = math.inf, example: str = "10"
) -> Kind[int]:
    """Return the kind of whole numbers of a *unit* within bounds."""

    def parse(text: str) -> int:
        value = _number(text, int, f"whole number of {unit}", example)
        _check_range(value, at_least, at_most, unit)
        return value

    return Kind(name=unit, example=example, parse=parse)


def tcp_port(*, at_least: int = 1, example: str = "9888") -> Kind[int]:
    """Return the kind of TCP ports."""

    def parse(text: str) -> int:
        value = _number(text, int, "port number", example)
        _check_range(value, at_least, 65535, "")
        return value

    return Kind(name="port", example=example, parse=parse)


PORT = tcp_port()
LISTENING_PORT = tcp_port(at_least=0)  # 0 stands for any free port

_YES_NO = {"yes": True, "no": False, "true": True, "false": False, "on": True, "off": False}
_YES_NO |= {"1": True, "0": False}


def _parse_yes_no(text: str) -> bool:
    try:
        return _YES_NO[text.lower()]
    except KeyError:
        raise ValueError(NOT_YES_OR_NO) from None


YES_NO = Kind(
    name="yes or no",
    example="yes",
    parse=_parse_yes_no,
    show=lambda value: "yes" if value else "no",
)


def choice(*names: str) -> Kind[str]:
    """Return the kind of *names*; case does not matter, and the value is the declared name."""
    declared = {name.lower(): name for name in names}

    def parse(text: str) -> str:
        if text.lower() not in declared:
            hint = did_you_mean(text, names)
            raise ValueError(f"{NOT_ONE_OF.format(names=', '.join(names))}{hint}")
        return declared[text.lower()]

    return Kind(name=" | ".join(names), example=names[0], parse=parse)


def parse_text(text: str) -> str:
    """Return one line of text, or raise ValueError."""
    if not text:
        raise ValueError(EMPTY)
    if "\n" in text:
        raise ValueError(SEVERAL_LINES)
    return text


TEXT = Kind(name="text", example="text", parse=parse_text)


def _parse_pattern(text: str) -> str:
    if not text or len(text.split()) != 1:
        raise ValueError(NOT_A_PATTERN)
    return text


PATTERN = Kind(name="pattern", example="eth*", parse=_parse_pattern)


# A name as in RFC 1123, with the underscore that many sites use. It matches IPv4 addresses too.
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.?")


# The name of a network interface, or its number: it reaches commands of ssh, and headers. Nobody
# gives names with other characters, although the kernel takes them.
_ZONE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")


def _is_host(text: str) -> bool:
    is_number = text.replace(".", "").isdecimal()  # 300.1.2.3 is not a name either
    if not is_number and _HOST_NAME.fullmatch(text):  # most hosts
        return True
    _, has_zone, zone = text.partition("%")
    try:
        return bool(ipaddress.ip_address(text)) and (not has_zone or bool(_ZONE.fullmatch(zone)))
    except ValueError:
        return False


def _parse_host(text: str) -> str:
    if _is_host(text):
        return text
    endpoint = _split_endpoint(text)
    if endpoint is None:
        raise ValueError(NOT_A_HOST)
    template = IN_BRACKETS if endpoint.port is None else HAS_PORT
    raise ValueError(template.format(host=endpoint.host))


HOST = Kind(name="host", example="localhost", parse=_parse_host)


@dataclass(frozen=True)
class Endpoint:
    """A host, and a port if one was given."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def in_host_header(self) -> str:
        """It without a zone, which has a meaning only on this machine (RFC 6874)."""
        return str(Endpoint(self.host.partition("%")[0], self.port))


_ENDPOINT = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]*))(?::(?P<port>[0-9]{1,9}))?")


def _split_endpoint(text: str) -> Endpoint | None:
    """Return the host and the number after it, whatever that is; None if it is neither."""
    match = _ENDPOINT.fullmatch(text)
    if match is None or not _is_host(match["v6"] or match["host"]):
        return None
    return Endpoint(match["v6"] or match["host"], int(match["port"]) if match["port"] else None)


def endpoint(port_kind: Kind[int], host: str = "node001") -> Kind[Endpoint]:
    """Return the kind of a host, and a port if one is given; *host* is for the example."""
    example = f"{host}:{port_kind.example}"

    def parse(text: str) -> Endpoint:
        found = _split_endpoint(text)
        if found is None:
            raise ValueError(NOT_AN_ENDPOINT.format(example=example, port=port_kind.example))
        if found.port is not None:
            port_kind.parse(str(found.port))
        return found

    return Kind(name="HOST[:PORT]", example=example, parse=parse)


ENDPOINT = endpoint(PORT)
LISTENING_ENDPOINT = endpoint(LISTENING_PORT)


def several(kind: Kind[T]) -> Kind[tuple[T, ...]]:
    """Return the kind of lists of a *kind*, separated by commas or newlines; they may be empty."""

    def parse(text: str) -> tuple[T, ...]:
        parts = [part.strip() for part in re.split(r"[,\n]", text)]
        return tuple(_part(kind, part) for part in parts if part)

    def show(values: tuple[T, ...]) -> str:
        return ", ".join(map(kind.show, values))

    return Kind(
        name=f"{kind.name}, separated by commas", example=kind.example, parse=parse, show=show
    )


def _part(kind: Kind[T], part: str) -> T:
    try:
        return kind.parse(part)
    except ValueError as error:
        raise ValueError(CONTAINS.format(part=shown(part), why=error)) from None


def optional(kind: Kind[T]) -> Kind[T | None]:
    """Return *kind* with None as a possible default."""
    return Kind(
        name=kind.name,
        example=kind.example,
        parse=kind.parse,
        show=lambda value: "" if value is None else kind.show(value),
    )


def from_command_line(kind: Kind[T]) -> Callable[[str], T]:
    """Return *kind* as a type for argparse."""

    def convert(text: str) -> T:
        try:
            return kind.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{shown(text)} {error}") from None

    return convert
