"""`lmaster targets`."""

import json

from fructosa_bridge.cli import main


def test_targets_are_printed_for_prometheus(config, capsys):
    """Each section is a group."""
    code = main(["targets", "-c", config])

    assert 0 == code
    groups = json.loads(capsys.readouterr().out)
    assert [["n1:9888", "n2:9888"], ["n1:9888"]] == [group["targets"] for group in groups]


def test_the_hosts_alone_are_listed_once_each(config, capsys):
    """One per line, for completion and for scripts."""
    code = main(["targets", "-c", config, "--hosts"])

    assert (0, "n1\nn2\n") == (code, capsys.readouterr().out)


def test_the_output_file_is_replaced_atomically(config, tmp_path, capsys):
    """It keeps its permissions, a symbolic link stays one, and no other file is left behind."""
    folder = tmp_path / "prometheus"
    folder.mkdir()
    real, link = folder / "real.json", tmp_path / "link.json"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)

    code = main(["targets", "-c", config, "--output", str(link)])

    assert (0, "") == (code, capsys.readouterr().out)
    assert link.is_symlink()
    assert "n2:9888" in real.read_text()
    assert 0o640 == real.stat().st_mode & 0o777
    assert [real] == list(folder.iterdir())


def test_an_output_file_that_cannot_be_written_is_an_error(config, capsys):
    """The message has its path."""
    code = main(["targets", "-c", config, "--output", "/no/such/folder/targets.json"])

    assert 1 == code
    assert "/no/such/folder/targets.json: No such file" in capsys.readouterr().err
