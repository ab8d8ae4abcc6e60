"""The sdist and the wheels: their content, and what they install."""

import os
import runpy
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.services import program

from .packaged import ROOT, built, published, run, tracked

# Not part of the packages.
_LEFT_OUT = (".ci", ".gitignore", "Makefile", "benchmarks", "noxfile.py", "tests")
# In the sdist, but not in the repository.
_GENERATED = {"PKG-INFO"}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The sdist, the wheel with the C extension (from the sdist), and the one without."""
    return published(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def wheel(packages):
    """The wheel without the C extension, for all machines."""
    return next(path for name, path in packages.items() if name.endswith("-py3-none-any.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the installed wheel."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    run(*pip, "--ignore-installed", "--no-compile", "--prefix", folder, wheel, cwd=folder)
    return folder


def test_builds_are_reproducible(packages, tmp_path):
    """Another folder and other file times give the same bytes."""
    again = built(tmp_path / "a folder", changed_s=1_500_000_000)

    assert packages.keys() == again.keys()
    assert [] == [name for name in again if again[name].read_bytes() != packages[name].read_bytes()]


def test_there_are_an_sdist_and_wheels_with_and_without_the_c_extension(packages):
    """The wheel with it is for all Pythons from 3.11 on."""
    kinds = sorted(name.partition("-")[2].partition("-")[2] for name in packages)

    any_machine, *others = [kind for kind in reversed(kinds) if kind]
    assert "py3-none-any.whl" == any_machine
    assert [True] == [kind.startswith("cp311-abi3-linux") for kind in others]
    assert 1 == sum(name.endswith(".tar.gz") for name in packages)


def test_the_sdist_contains_all_files_of_packages_and_documentation(packages):
    """It contains no tests, benchmarks or untracked files."""
    (path,) = [path for name, path in packages.items() if name.endswith(".tar.gz")]
    with tarfile.open(path) as archive:
        names = {one.name.partition("/")[2] for one in archive.getmembers() if one.isfile()}

    expected = {name for name in tracked() if name.partition("/")[0] not in _LEFT_OUT}
    assert expected | _GENERATED == {name for name in names if ".egg-info/" not in name}


def test_a_wheel_contains_the_packages_and_shared_files(wheel):
    """It contains no tests and no C source, but all licences."""
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    shared = {name.partition(".data/data/")[2] for name in names if ".data/" in name}
    rest = {name for name in names if ".data/" not in name}

    packages = ("fructosa_service", "fructosa_exporter", "fructosa_bridge", "fructosa_grafana")
    assert rest == {
        name for name in tracked() if name.partition("/")[0] in packages and not name.endswith(".c")
    }
    assert {name for name in shared if not name.startswith("share/fructosa/")} == {
        "share/man/man1/lagent.1",
        "share/man/man1/lmaster.1",
        "share/man/man5/lagent.conf.5",
        "share/man/man5/lmaster.conf.5",
        "share/bash-completion/completions/lagent",
        "share/bash-completion/completions/lmaster",
        "share/zsh/site-functions/_lagent",
        "share/zsh/site-functions/_lmaster",
        "share/fish/vendor_completions.d/lagent.fish",
        "share/fish/vendor_completions.d/lmaster.fish",
    }
    assert {name for name in shared if name.startswith("share/fructosa/")} == {
        f"share/fructosa/{name}"
        for name in tracked()
        if name.partition("/")[0] in ("examples", "grafana", "openrc", "systemd")
    }
    assert any(name.endswith("/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_installed_scripts_are_executable(installed):
    """OpenRC runs its scripts directly."""
    source = ROOT / "openrc" / "init.d"
    scripts = sorted(source.iterdir()) if source.is_dir() else []

    for script in scripts:
        assert os.access(installed / "share/fructosa/openrc/init.d" / script.name, os.X_OK)


@pytest.mark.parametrize(
    "name", ["man1/lagent.1", "man1/lmaster.1", "man5/lagent.conf.5", "man5/lmaster.conf.5"]
)
def test_mandoc_accepts_the_man_pages(name, installed):
    """Its strictest checks report nothing; they include references to other pages."""
    mandoc, folder = program("mandoc", "mandoc"), installed / "share/man"
    subprocess.run([program("makewhatis", "mandoc"), folder], check=True)

    done = subprocess.run(
        [mandoc, "-T", "lint", "-W", "style", folder / name],
        env={**os.environ, "MANPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("", "") == (done.stdout, done.stderr)


def test_groff_formats_the_man_pages_without_a_warning(installed):
    """Most distributions use it for man."""
    man = program("man", "man-db")
    for page in sorted((installed / "share/man").glob("man?/*")):
        done = subprocess.run(
            [man, "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page],
            env={**os.environ, "MANROFFSEQ": "", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (0, "") == (done.returncode, done.stderr)
        assert page.stem in done.stdout


def test_generated_files_are_up_to_date():
    """`make docs` generates man pages, completion and docs/configuration.md."""
    texts = runpy.run_path(str(ROOT / "docs" / "generate.py"))["texts"]()

    assert [] == [name for name, text in texts.items() if text != (ROOT / name).read_text()]
