"""The tables of the archive, and their versions."""

import sqlite3
from contextlib import closing

import pytest

from fructosa_bridge.job_archive import schema
from fructosa_bridge.job_archive.schema import RUN_COLUMNS, VERSION, prepare, version
from fructosa_bridge.model.errors import ArchiveError


@pytest.fixture
def database():
    """An empty database."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as found:
        yield found


def test_an_empty_file_gets_all_tables(database):
    """A column for each field of a run."""
    prepare(database, "x")
    prepare(database, "x")

    columns = [row[1] for row in database.execute("PRAGMA table_info(run)")]
    assert ["id", *RUN_COLUMNS, "sort_s"] == columns
    assert VERSION == version(database)


def test_an_older_file_is_migrated(database, monkeypatch):
    """Step by step; what it holds stays."""
    prepare(database, "x")
    database.execute("INSERT INTO node (name) VALUES ('n1')")
    more = "ALTER TABLE node ADD COLUMN rack TEXT DEFAULT 'r1';"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, more))
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)

    prepare(database, "x")

    assert VERSION + 1 == version(database)
    assert [(1, "n1", "r1")] == database.execute("SELECT * FROM node").fetchall()


def test_a_migration_that_fails_changes_nothing(database, monkeypatch):
    """The file is still one of the older version."""
    prepare(database, "x")
    more = "ALTER TABLE node ADD COLUMN rack TEXT; INSERT INTO nothing VALUES (1);"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, more))
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)

    with pytest.raises(sqlite3.Error):
        prepare(database, "x")

    assert VERSION == version(database)
    assert 2 == len(database.execute("PRAGMA table_info(node)").fetchall())


def test_a_newer_file_is_refused(database):
    """An older lmaster would not know what it means."""
    prepare(database, "x")
    database.execute(f"PRAGMA user_version = {VERSION + 1}")

    with pytest.raises(ArchiveError, match="newer lmaster"):
        prepare(database, "x")
