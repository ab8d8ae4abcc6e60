"""A page with a small picture of each query of each panel, for people to look at."""

import base64
from html import escape
from itertools import groupby

# The policy blocks everything that is not in the page itself, whatever a caption contains.
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 13px/1.4 sans-serif; margin: 16px; color: #222; background: #fff }}
section {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 12px }}
figure {{ margin: 0; padding: 8px; border: 1px solid #ccc; border-radius: 4px; min-width: 0 }}
figcaption {{ overflow-wrap: anywhere }}
img {{ display: block; max-width: 100%; margin-bottom: 6px }}
.none {{ padding: 40px 0; text-align: center; color: #b00; background: #f6f6f6 }}
code {{ display: block; font-size: 11px; color: #555 }}
em {{ color: #06c }}
b, em, code {{ unicode-bidi: isolate }}
</style>
<h1>{title}</h1>
{sections}
</html>
"""
_FIGURE = """\
<figure>{picture}
<figcaption><b>{panel}</b> <em>{note}</em><code>{query}</code></figcaption></figure>
"""


def write(folder, title, pictures, driver=None):
    """Write contact-sheet.html and, with a browser's driver, a screenshot as contact-sheet.png.

    Shape: pictures are ``(dashboard, panel, query, note, png)``; the png may be None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sheet = folder / "contact-sheet.html"
    sheet.write_text(page(title, pictures), "utf-8", "backslashreplace")
    if driver is not None:
        driver.get(sheet.resolve().as_uri())
        (folder / "contact-sheet.png").write_bytes(screenshot(driver))
    return sheet


def page(title, pictures):
    """Return the page, with a section per dashboard in the order of their first pictures."""
    order = list(dict.fromkeys(dashboard for dashboard, *_ in pictures))
    ordered = sorted(pictures, key=lambda picture: order.index(picture[0]))
    sections = (
        section(dashboard, [figure(*rest) for _, *rest in of])
        for dashboard, of in groupby(ordered, key=lambda picture: picture[0])
    )
    return _PAGE.format(title=escape(title), sections="\n".join(sections))


def section(dashboard, figures):
    """Return the section of a dashboard, with the number of its pictures."""
    return f"<h2>{escape(dashboard)} ({len(figures)})</h2>\n<section>\n{''.join(figures)}</section>"


def figure(panel, query, note, png):
    """Return a picture with its caption."""
    picture = '<div class="none">no picture</div>'
    if png:
        picture = f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    return _FIGURE.format(
        picture=picture, panel=escape(panel), note=escape(note), query=escape(query)
    )


def screenshot(driver):
    """Return the whole page in a browser as PNG, however long it is.

    The window gets the size of the page first: without a scroll bar, lines may break elsewhere.
    """
    _resize(driver, *_size(driver))
    width, height = _size(driver)
    _resize(driver, width, height)
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    options = {"format": "png", "captureBeyondViewport": True, "clip": clip}
    return base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", options)["data"])


def _size(driver):
    """Return the width and height of the page."""
    size = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    return size["width"], size["height"]


def _resize(driver, width, height):
    """Set the size of the browser's window, which may exceed any screen."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
