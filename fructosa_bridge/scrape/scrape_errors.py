"""The errors of a scrape, each in one line that says what to do."""

import errno
import socket
import ssl
from http import HTTPStatus

from fructosa_service.errors import visible
from fructosa_service.os_errors import reason

from ..model.target import Target

LONG_HEAD = "the response has too long headers; is this the right port?"

_REDIRECTS = range(300, 400)
# Codes of OpenSSL's X509_V_ERR_*, which its header file x509_vfy.h fixes.
_UNKNOWN_CA = (2, 18, 19, 20, 21, 27)
_NOT_YET, _EXPIRED = 9, 10
_OTHER_NAME = (62, 64)


def connect_failed(error: OSError, target: Target) -> str:
    """Return why the connection could not be established."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the node's certificate is not trusted: {_certificate(error, target)}"
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if isinstance(error, socket.gaierror):
        return _no_address(error, target)
    if error.errno == errno.ECONNRESET:
        return f"cannot connect: {_why(error)}{_perhaps_tls(target)}"
    if error.errno == errno.EMFILE:
        return "cannot connect: lmaster has too many open files; raise the limit (ulimit -n)"
    return f"cannot connect: {_why(error)}"


def _no_address(error: OSError, target: Target) -> str:
    if error.errno == socket.EAI_AGAIN:
        return f"cannot resolve the name {target.host}: no name server responds; check the DNS"
    return f"unknown host {target.host}: {_words(error.strerror)}; check hosts, or the DNS"


def _certificate(error: ssl.SSLCertVerificationError, target: Target) -> str:
    code = getattr(error, "verify_code", None)
    if code in _UNKNOWN_CA:
        return "it is signed by an unknown authority; set tls ca to a file with that authority"
    if code == _EXPIRED:
        return "it has expired; renew it on the node"
    if code == _NOT_YET:
        return "it is not valid yet; check the clocks"
    if code in _OTHER_NAME:
        name = target.access.server_name or target.host
        return f"it is not valid for {name}; set tls server name to a name in the certificate"
    return f"{_words(getattr(error, 'verify_message', None))}; renew it on the node"


def _tls(error: ssl.SSLError) -> str:
    why = (getattr(error, "reason", None) or "").lower().replace("_", " ")
    if "certificate required" in why or "handshake failure" in why:
        return f"the node refused the TLS handshake ({why}); set tls certificate and tls key"
    if "alert" in why:
        return f"the node refused the TLS handshake ({why}); see its log"
    if "eof" in why:
        return "the node closed the connection during the TLS handshake; is this the right port?"
    if why in ("wrong version number", "record layer failure", "packet length too long"):
        return "the node does not speak TLS on this port; check port, or set tls = no"
    return f"TLS failed ({why or 'unknown reason'}); see the log of the node"


def connection_lost(error: Exception | None, target: Target, size: int | None) -> str:
    """Return why a response ended early: after *size* bytes of its page, or (None) before it."""
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if size is not None:
        closed = f"the connection was closed after {size} bytes"
        return f"the page is incomplete: {closed}; see the log of the node"
    if isinstance(error, OSError) and error.errno:
        return f"the connection was lost before a response: {_why(error)}{_perhaps_tls(target)}"
    return f"the node closed the connection without a response{_perhaps_tls(target)}"


def not_http(size: int | None, *, speaks_tls: bool) -> str:
    """Return the error of a response that is not HTTP, or not after *size* bytes of its page."""
    if speaks_tls:
        return "the node speaks TLS on this port; set tls = yes"
    if size is None:
        return "the response is not valid HTTP; is this the right port?"
    return f"the page is incomplete: invalid HTTP after {size} bytes"


def _perhaps_tls(target: Target) -> str:
    if not target.access.tls:
        return "; see its log, or does it need tls = yes?"
    if target.access.certificate is None:
        return "; see its log, or does it need tls certificate and tls key?"
    return "; see its log"


def timed_out(target: Target, size: int | None) -> str:
    """Return what was missing at the timeout: the response, or the rest of its page."""
    limit = f"within the timeout of {target.timeout_s:g} s"
    if size is None:
        return f"no response {limit}: the node accepted the connection only; is it overloaded?"
    return f"the page is incomplete {limit}: {size} bytes; ask for fewer sensors, or raise timeout"


def connect_timed_out(target: Target) -> str:
    """Return the error of a connection that was not accepted in time."""
    perhaps = ", does it speak TLS?" if target.access.tls else "?"
    return (
        f"cannot connect within {target.effective_connect_timeout_s:g} s: no response; "
        f"is the node up, does a firewall drop packets{perhaps}"
    )


def error_status(status: int, location: str, start: str, target: Target) -> str:
    """Return the error of a *status* other than 200, its *location* and the *start* of its text."""
    named = f"{status} {_phrase(status)}".rstrip()
    if status in _REDIRECTS:
        return _redirect(named, location)
    said = f"the response is {named}" + (f": {_words(start)}" if start else "")
    if status == HTTPStatus.UNAUTHORIZED:
        return f"{said}; {_unauthorized(target)}"
    if status == HTTPStatus.FORBIDDEN:
        return f"{said}; allow lmaster's address or user there"
    if status == HTTPStatus.NOT_FOUND:
        return f"{said}; check path = {target.path}"
    return said


def _phrase(status: int) -> str:
    # The reason phrase of the node may be anything.
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _redirect(named: str, location: str) -> str:
    if not location:
        return f"the response is {named}; redirects are not followed"
    return (
        f"the response is {named} to {_words(location)}; redirects are not followed: set hosts, "
        "port, path and tls accordingly"
    )


def _unauthorized(target: Target) -> str:
    access = target.access
    if access.token_file is not None:
        return "the node does not accept the token in token file"
    if access.user is not None:
        return "the node does not accept user and the password in password file"
    return "set user and password file, or token file"


def _why(error: OSError) -> str:
    return _words(reason(error) if any(error.args) else None)


def _words(text: str | None) -> str:
    """Return a text from outside in one line, cut if it is long."""
    return visible(" ".join((text or "unknown reason").split()))
