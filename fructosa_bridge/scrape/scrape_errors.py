"""What went wrong on the way to a page, in one line for the person who looks."""

import errno
import socket
import ssl
from http import HTTPStatus

from fructosa_service.errors import visible
from fructosa_service.os_errors import reason

from ..model.target import Target

LONG_HEAD = "the answer's header lines are too long; is this the right port?"

_REDIRECTS = range(300, 400)
# Codes of OpenSSL's X509_V_ERR_*, which its header file x509_vfy.h fixes.
_UNKNOWN_CA = (2, 18, 19, 20, 21, 27)
_NOT_YET, _EXPIRED = 9, 10
_OTHER_NAME = (62, 64)


def connect_failed(error: OSError, target: Target) -> str:
    """Return why there is no connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the node's certificate is not trusted: {_certificate(error, target)}"
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if isinstance(error, socket.gaierror):
        return _no_address(error, target)
    if error.errno == errno.ECONNRESET:
        return f"can't connect: {_why(error)}{_perhaps_tls(target)}"
    if error.errno == errno.EMFILE:
        return "can't connect: lmaster has too many open files; raise the limit (ulimit -n)"
    return f"can't connect: {_why(error)}"


def _no_address(error: OSError, target: Target) -> str:
    if error.errno == socket.EAI_AGAIN:
        return f"can't look up the name {target.host}: no name server answers; check the DNS"
    return f"there is no host {target.host}: {_words(error.strerror)}; check hosts, or the DNS"


def _certificate(error: ssl.SSLCertVerificationError, target: Target) -> str:
    code = getattr(error, "verify_code", None)
    if code in _UNKNOWN_CA:
        return "no known authority has signed it; set tls ca to a file with the one that has"
    if code == _EXPIRED:
        return "it has expired; renew it on the node"
    if code == _NOT_YET:
        return "it is not valid yet; check the clocks"
    if code in _OTHER_NAME:
        name = target.access.server_name or target.host
        return f"it is another host's than {name}; set tls server name to a name that stands in it"
    return f"{_words(getattr(error, 'verify_message', None))}; renew it on the node"


def _tls(error: ssl.SSLError) -> str:
    why = (getattr(error, "reason", None) or "").lower().replace("_", " ")
    if "certificate required" in why or "handshake failure" in why:
        return f"the node refuses TLS with lmaster ({why}); set tls certificate and tls key"
    if "alert" in why:
        return f"the node refuses TLS with lmaster ({why}); see its log"
    if "eof" in why:
        return "the node broke off TLS; is this the right port?"
    if why in ("wrong version number", "record layer failure", "packet length too long"):
        return "what answers there speaks no TLS; check port, or set tls = no"
    return f"TLS failed ({why or 'for no reason that is told'}); see the log of the node"


def connection_lost(error: Exception | None, target: Target, size: int | None) -> str:
    """Return why an answer broke off: after *size* bytes of its page, or (None) before it."""
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if size is not None:
        return f"the page broke off after {size} bytes: the node closed the connection; see its log"
    if isinstance(error, OSError) and error.errno:
        return f"the connection broke before an answer: {_why(error)}{_perhaps_tls(target)}"
    return f"the node closed the connection without an answer{_perhaps_tls(target)}"


def not_http(size: int | None, *, speaks_tls: bool) -> str:
    """Return that what came is no HTTP: after *size* bytes of a page, or (None) before it."""
    if speaks_tls:
        return "what answers there speaks TLS; set tls = yes"
    if size is None:
        return "the answer is no HTTP, or broken HTTP; is this the right port?"
    return f"the page broke off after {size} bytes: what follows is broken HTTP"


def _perhaps_tls(target: Target) -> str:
    if not target.access.tls:
        return "; see its log, or does it want tls = yes?"
    if target.access.certificate is None:
        return "; see its log, or does it want tls certificate and tls key?"
    return "; see its log"


def timed_out(target: Target, size: int | None) -> str:
    """Return what was missing when time was up: an answer, or the rest of its page."""
    limit = f"within the timeout of {target.timeout_s:g} s"
    if size is None:
        return f"no page {limit}: the node is connected, and silent; is it overloaded?"
    return f"no whole page {limit}: only {size} bytes came; ask for less, or raise timeout"


def connect_timed_out(target: Target) -> str:
    """Return that nobody took the connection in time."""
    perhaps = ", does it speak TLS at all?" if target.access.tls else "?"
    return (
        f"can't connect within {target.effective_connect_timeout_s:g} s: nothing answers; "
        f"is the node switched on, does a firewall drop what comes{perhaps}"
    )


def refusal(status: int, place: str, start: str, target: Target) -> str:
    """Return what an answer other than 200 says: the *place* it names, the *start* of its text."""
    named = f"{status} {_phrase(status)}".rstrip()
    if status in _REDIRECTS:
        return _moved(named, place)
    said = f"the answer was {named}" + (f": {_words(start)}" if start else "")
    if status == HTTPStatus.UNAUTHORIZED:
        return f"{said}; {_unauthorized(target)}"
    if status == HTTPStatus.FORBIDDEN:
        return f"{said}; let lmaster in there"
    if status == HTTPStatus.NOT_FOUND:
        return f"{said}; set path to where the page is, now {target.path}"
    return said


def _phrase(status: int) -> str:
    # The node's own words for it may be anything, or nothing.
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _moved(named: str, place: str) -> str:
    if not place:
        return f"the answer was {named}; redirects aren't followed"
    return (
        f"the answer was {named}: the page is at {_words(place)}; redirects aren't followed, "
        "set hosts, port, path and tls to that place"
    )


def _unauthorized(target: Target) -> str:
    access = target.access
    if access.token_file is not None:
        return "the token in token file is not accepted"
    if access.user is not None:
        return "user, or what is in password file, is not accepted"
    return "set user and password file, or token file"


def _why(error: OSError) -> str:
    return _words(reason(error) if any(error.args) else None)


def _words(text: str | None) -> str:
    """Return a text that came from outside in one line, cut where it is long."""
    return visible(" ".join((text or "no reason is told").split()))
