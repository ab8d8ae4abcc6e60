"""Makes the response with a page of metrics, compressed if the client accepts that."""

from fructosa_exporter.page.exposition import Format

from .request import Request
from .response import Response, compressed
from .scrape_request import accepts_gzip

# Compressing a smaller body saves nothing.
_GZIP_FROM_BYTES = 1024


def page_response(text: str, used: Format, request: Request) -> Response:
    """Return the response to *request* with the *text* of a page in the format *used*."""
    body = text.encode()
    headers = {"Vary": "Accept, Accept-Encoding"}
    is_large = len(body) >= _GZIP_FROM_BYTES
    if is_large and accepts_gzip(request.headers.get("accept-encoding", "")):
        body = compressed(body)
        headers["Content-Encoding"] = "gzip"
    return Response(200, body, used.value, headers)
