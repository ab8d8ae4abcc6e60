"""The errors of a scrape, each in one line that says what to do."""

import errno
import socket
import ssl
from http import HTTPStatus

from fructosa_service.errors import visible
from fructosa_service.os_errors import reason

from ..model.access import JOBS_PATH
from ..model.target import Target
from ..nodes.dns_cache import NO_NAME_SERVER

CANNOT_CONNECT = "cannot connect: {reason}"
REFUSED = (
    "cannot connect: Connection refused; nothing listens on this port, or only on 127.0.0.1: start "
    "lagent there, or set its host"
)
CONNECT_TIMED_OUT = (
    "cannot connect within {timeout_s:g} s: no response; "
    "is the node up, does a firewall drop packets{perhaps_tls}?"
)
UNKNOWN_HOST = "unknown host {host}: {reason}; check hosts, or the DNS"
NAME_TIMED_OUT = (
    "cannot resolve the name {host}: no name server responds within {timeout_s:g} s; check the DNS"
)
NOT_TRUSTED = "the node's certificate is not trusted: {problem}"
UNKNOWN_AUTHORITY = "it is signed by an unknown authority; set tls ca to a file with that authority"
CERTIFICATE_EXPIRED = "it has expired; renew it on the node"
OTHER_NAME = "it is not valid for {name}; set tls server name to a name in the certificate"
CERTIFICATE_REQUIRED = (
    "the node refused the TLS handshake ({reason}); set tls certificate and tls key"
)
SPEAKS_TLS = "the node speaks TLS on this port; set tls = yes"
SPEAKS_NO_TLS = "the node does not speak TLS on this port; check port, or set tls = no"
CLOSED_AT_ONCE = "the node closed the connection without a response"
LOST_AT_ONCE = "the connection was lost before a response: {reason}"
PERHAPS_TLS = "; see its log, or does it need tls = yes?"
PERHAPS_CERTIFICATE = "; see its log, or does it need tls certificate and tls key?"
CLOSED_EARLY = (
    "the page is incomplete: the connection was closed after {size} bytes; see the log of the node"
)
TIMED_OUT = (
    "no response within the timeout of {timeout_s:g} s: the node accepted the connection only; "
    "is it overloaded?"
)
PAGE_TIMED_OUT = (
    "the page is incomplete within the timeout of {timeout_s:g} s: {size} bytes; "
    "ask for fewer sensors, or raise timeout"
)
NOT_HTTP = "the response is not valid HTTP; is this the right port?"
INVALID_HEAD = "the response is not valid HTTP: {problem}; report that to the exporter's authors"
INVALID_HTTP = "the page is incomplete: invalid HTTP after {size} bytes"
LONG_HEAD = "the response has too long headers; is this the right port?"
ERROR_STATUS = "the response is {status}"
REDIRECTED = (
    "the response is {status} to {location}; redirects are not followed: set hosts, "
    "port, path and tls accordingly"
)
CHECK_PATH = "; check path = {path}"
# lmaster asks for this page by itself. A lagent that has it says the same where it is off.
ALSO_JOBS = "also = SlurmJobs"
SET_ALSO_JOBS = f"; set {ALSO_JOBS} in [lagent] of lagent.conf"
ALLOW_LMASTER = "; allow lmaster's address or user there"

_REDIRECTS = range(300, 400)
# Codes of OpenSSL's X509_V_ERR_*, which its header file x509_vfy.h fixes.
_UNKNOWN_CA = (2, 18, 19, 20, 21, 27)
_NOT_YET, _EXPIRED = 9, 10
_OTHER_NAME = (62, 64)


def connect_failed(error: OSError, target: Target) -> str:
    """Return why the connection could not be established."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return NOT_TRUSTED.format(problem=_certificate(error, target))
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if isinstance(error, socket.gaierror):
        return _no_address(error, target)
    if error.errno == errno.ECONNRESET:
        return CANNOT_CONNECT.format(reason=_why(error)) + _perhaps_tls(target)
    if error.errno == errno.ECONNREFUSED:
        return REFUSED
    if error.errno == errno.EMFILE:
        return CANNOT_CONNECT.format(
            reason="lmaster has too many open files; raise the limit (ulimit -n)"
        )
    return CANNOT_CONNECT.format(reason=_why(error))


def _no_address(error: OSError, target: Target) -> str:
    if error.errno == socket.EAI_AGAIN:
        return NO_NAME_SERVER.format(host=target.reached_at)
    return UNKNOWN_HOST.format(host=target.reached_at, reason=_words(error.strerror))


def _certificate(error: ssl.SSLCertVerificationError, target: Target) -> str:
    code = getattr(error, "verify_code", None)
    if code in _UNKNOWN_CA:
        return UNKNOWN_AUTHORITY
    if code == _EXPIRED:
        return CERTIFICATE_EXPIRED
    if code == _NOT_YET:
        return "it is not valid yet; check the clocks"
    if code in _OTHER_NAME:
        return OTHER_NAME.format(name=target.access.server_name or target.host)
    return f"{_words(getattr(error, 'verify_message', None))}; renew it on the node"


def _tls(error: ssl.SSLError) -> str:
    why = (getattr(error, "reason", None) or "").lower().replace("_", " ")
    if "certificate required" in why or "handshake failure" in why:
        return CERTIFICATE_REQUIRED.format(reason=why)
    if "alert" in why:
        return f"the node refused the TLS handshake ({why}); see its log"
    if "eof" in why:
        return "the node closed the connection during the TLS handshake; is this the right port?"
    if why in ("wrong version number", "record layer failure", "packet length too long"):
        return SPEAKS_NO_TLS
    return f"TLS failed ({why or 'unknown reason'}); see the log of the node"


def connection_lost(error: Exception | None, target: Target, size: int | None) -> str:
    """Return why a response ended early: after *size* bytes of its page, or (None) before it."""
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if size is not None:
        return CLOSED_EARLY.format(size=size)
    if isinstance(error, OSError) and error.errno:
        return LOST_AT_ONCE.format(reason=_why(error)) + _perhaps_tls(target)
    return CLOSED_AT_ONCE + _perhaps_tls(target)


def invalid_head(problem: object) -> str:
    """Return the error of a response that is HTTP, but has a *problem*: it is the right port."""
    return INVALID_HEAD.format(problem=_words(str(problem)))


def _perhaps_tls(target: Target) -> str:
    if not target.access.tls:
        return PERHAPS_TLS
    if target.access.certificate is None:
        return PERHAPS_CERTIFICATE
    return "; see its log"


def timed_out(target: Target, size: int | None) -> str:
    """Return what was missing at the timeout: the response, or the rest of its page."""
    if size is None:
        return TIMED_OUT.format(timeout_s=target.timeout_s)
    return PAGE_TIMED_OUT.format(timeout_s=target.timeout_s, size=size)


def connect_timed_out(target: Target) -> str:
    """Return the error of a connection that was not accepted in time."""
    return CONNECT_TIMED_OUT.format(
        timeout_s=target.effective_connect_timeout_s,
        perhaps_tls=", does it speak TLS" if target.access.tls else "",
    )


def name_timed_out(target: Target) -> str:
    """Return the error of a host that could not be looked up in time."""
    timeout_s = target.effective_connect_timeout_s
    return NAME_TIMED_OUT.format(host=target.reached_at, timeout_s=timeout_s)


def without_host(error: str, host: str) -> str:
    """Return an *error* without the name of its *host*: many hosts may have the same."""
    for word in ("host", "name"):
        for after in (":", " within"):
            error = error.replace(f" {word} {host}{after}", f" {word}{after}")
    return error


def error_status(status: int, location: str, start: str, target: Target) -> str:
    """Return the error of a *status* other than 200, its *location* and the *start* of its text."""
    named = f"{status} {_phrase(status)}".rstrip()
    if status in _REDIRECTS:
        return _redirect(named, location)
    said = ERROR_STATUS.format(status=named) + (f": {_words(start)}" if start else "")
    if status == HTTPStatus.UNAUTHORIZED:
        return f"{said}; {_unauthorized(target)}"
    if status == HTTPStatus.FORBIDDEN:
        return said + ALLOW_LMASTER
    if status == HTTPStatus.NOT_FOUND and target.path.partition("?")[0] == JOBS_PATH:
        return said if ALSO_JOBS in said else said + SET_ALSO_JOBS
    if status == HTTPStatus.NOT_FOUND:
        return said + CHECK_PATH.format(path=target.path)
    return said


def _phrase(status: int) -> str:
    # The reason phrase of the node may be anything.
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _redirect(named: str, location: str) -> str:
    if not location:
        return f"{ERROR_STATUS.format(status=named)}; redirects are not followed"
    return REDIRECTED.format(status=named, location=_words(location))


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
