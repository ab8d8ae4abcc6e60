"""`lmaster schemas`."""

from fructosa_bridge.cli import main


def test_schemas_are_printed_or_written(config, tmp_path, capsys):
    """Existing files are overwritten if lmaster has made them."""
    main(["schemas", "-c", config])
    printed = capsys.readouterr().out

    codes = [main(["schemas", "-c", config, "--output", str(tmp_path)]) for _ in range(2)]

    report = capsys.readouterr().out
    assert [0, 0] == codes
    for name in ("storage-schemas.conf", "storage-aggregation.conf"):
        assert f"# {name}\n{(tmp_path / name).read_text()}" in printed
        assert 2 == report.count(f"written: {tmp_path / name}\n")


def test_rules_of_the_administrator_stay_when_the_files_are_written_again(config, tmp_path):
    """Before ours and after them, in any encoding."""
    path = tmp_path / "storage-schemas.conf"
    main(["schemas", "-c", config, "--output", str(tmp_path)])
    made = path.read_bytes()
    first, last = b"[first]\npattern = ^a\xe4\n\n", b"\n[mine]\npattern = .*\n"
    path.write_bytes(first + made.replace(b"10s:", b"20s:") + last)

    main(["schemas", "-c", config, "--output", str(tmp_path)])

    assert first + made + last == path.read_bytes()


def test_files_of_the_administrator_are_not_overwritten(config, tmp_path, capsys):
    """Then neither file is written."""
    own = tmp_path / "storage-aggregation.conf"
    own.write_text("[mine]\npattern = .*\n")

    code = main(["schemas", "-c", config, "--output", str(tmp_path)])

    assert 2 == code
    assert str(own) in capsys.readouterr().err
    assert "[mine]\npattern = .*\n" == own.read_text()
    assert not (tmp_path / "storage-schemas.conf").exists()


def test_what_slurm_reports_has_slots_of_its_own_interval(tmp_path, capsys):
    """In shorter slots, rates would be empty."""
    config = tmp_path / "lmaster.conf"
    config.write_text(
        "[nodes:compute]\nhosts = node[1-9]\ninterval = 10\n"
        "[slurm]\ninterval = 120\n[Graphite]\nprefix = hpc\n"
    )

    main(["schemas", "-c", str(config)])

    rules = capsys.readouterr().out
    assert "pattern = ^hpc\\.slurm\\.\nretentions = 120s:" in rules
    assert rules.index("^hpc\\.slurm\\.") < rules.index("^hpc\\.[^.]+\\.")
