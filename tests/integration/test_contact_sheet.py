"""The contact sheet has all pictures, and no caption breaks it."""

import struct
import zlib

from . import contact_sheet

HOSTILE = (
    "</figcaption><script>document.title = 'broken'</script>\"'&lt;{}{panel} \u202e\x00\ud800 é"
)


def png(red, green, blue, width=330, height=250):
    """Return a PNG of one colour."""

    def chunk(kind, data):
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    rows = (b"\0" + bytes((red, green, blue)) * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def size(picture):
    """Return the width and height of a PNG."""
    return struct.unpack(">II", picture[16:24])


def test_each_dashboard_is_one_section():
    """Sections are in the order of their first pictures; pictures keep their order."""
    pictures = [
        ("Cluster", "Load", "a.load", "", b"1"),
        ("Node", "Memory", "a.memory", "", b"2"),
        ("Cluster", "Disks", "a.disk", "2 series", b"3"),
    ]

    page = contact_sheet.page("All", pictures)

    places = [page.index(text) for text in ("Cluster (2)", "Load", "Disks", "Node (1)", "Memory")]
    assert sorted(places) == places
    assert "2 series" in page


def test_a_missing_picture_is_marked():
    """It must not look like an empty panel."""
    assert "no picture" in contact_sheet.page("All", [("Node", "Load", "a", "no data", None)])


def test_captions_are_escaped():
    """Queries and titles contain quotes, angle brackets and braces."""
    page = contact_sheet.page(HOSTILE, [(HOSTILE, HOSTILE, HOSTILE, HOSTILE, b"1")])

    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 6
    assert page.count("{}{panel}") == 6


def test_the_screenshot_shows_the_whole_sheet(tmp_path, browser):
    """It is longer than the window, all pictures are loaded, and no script of a caption has run."""
    colours = [(200, 5 * number, 0) for number in range(40)]
    pictures = [("Cluster", HOSTILE, "a" * 300, "40 series", png(*colour)) for colour in colours]

    sheet = contact_sheet.write(tmp_path / "out", "All queries", pictures, browser)

    assert "All queries" == browser.title
    shown = "return [...document.images].filter(i => i.naturalWidth === 330).length"
    assert 40 == browser.execute_script(shown)
    width, height = size((sheet.parent / "contact-sheet.png").read_bytes())
    assert browser.execute_script("return document.documentElement.scrollHeight") == height
    assert 1100 < height < 10_000
    assert 1000 < width <= 1300
