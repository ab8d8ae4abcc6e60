"""What one reading of a sensor gave."""

from fructosa_exporter.metrics import gauge
from fructosa_exporter.page.exposition import Format, SeriesTemplate
from fructosa_exporter.page.reading import Reading

SIZE = gauge("fructosa_test_size_bytes", "Sizes.", "of")


def reading(*sizes):
    """Return a reading of sizes, by the labels a, b and so on."""
    template = SeriesTemplate([(SIZE, (name,)) for name, _ in zip("abc", sizes, strict=False)])
    return Reading(began_s=0, duration_s=1, template=template, values=sizes)


def test_a_reading_has_each_series_with_its_value():
    """In the order of the sensor."""
    assert [((SIZE, ("a",)), 3), ((SIZE, ("b",)), 4)] == reading(3, 4).samples


def test_a_reading_is_rendered_once_for_each_format():
    """Scrapes within the interval get the same text again."""
    found = reading(3)
    texts = {format_: found.text(format_) for format_ in Format}

    assert 'fructosa_test_size_bytes{of="a"} 3\n' in texts[Format.TEXT]
    assert "# UNIT fructosa_test_size_bytes bytes\n" in texts[Format.OPENMETRICS]
    assert all(found.text(format_) is text for format_, text in texts.items())


def test_a_reading_without_samples_renders_nothing():
    """As that of a sensor that failed."""
    failed = Reading(began_s=0, duration_s=1, error="OSError: gone")

    assert ("", []) == (failed.text(Format.TEXT), failed.samples)


def test_readings_that_were_rendered_equal_those_that_were_not():
    """The texts are only kept."""
    one, other = (
        Reading(began_s=0, duration_s=1, values=()),
        Reading(began_s=0, duration_s=1, values=()),
    )
    one.text(Format.TEXT)

    assert one == other
