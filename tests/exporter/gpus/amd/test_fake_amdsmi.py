"""Comparison of the fake amdsmi with the source of the real module, which is not imported."""

import ast
import inspect
from importlib.util import find_spec
from pathlib import Path

import pytest

from . import fake_amdsmi
from .fake_amdsmi import RESULTS, FakeAmdSmi

FUNCTIONS = [name for name in vars(FakeAmdSmi) if name.startswith("amdsmi_")]
ENUMERATIONS = [name for name in vars(FakeAmdSmi) if name.endswith(("Type", "Metric", "Flags"))]


def folder():
    """Return the folder of the real module, without importing it."""
    return Path(find_spec("amdsmi").origin).parent


@pytest.fixture(scope="module")
def definitions():
    """The functions and classes of the real module, by name."""
    source = (folder() / "amdsmi_interface.py").read_text()
    kinds = ast.FunctionDef, ast.ClassDef
    return {one.name: one for one in ast.parse(source).body if isinstance(one, kinds)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_the_parameters_of_the_real_ones(definitions, name):
    """Their names and order; those with a default differ between versions."""
    _, *parameters = inspect.signature(getattr(FakeAmdSmi, name)).parameters.values()
    real = definitions[name].args

    expected = [one.name for one in parameters if one.default is one.empty]
    assert expected == [one.arg for one in real.args[: len(real.args) - len(real.defaults)]]


@pytest.mark.parametrize("name", [name for name, one in RESULTS.items() if isinstance(one, dict)])
def test_results_have_keys_of_the_real_ones(definitions, name):
    """The real function writes every key."""
    constants = {one.value for one in ast.walk(definitions[name]) if isinstance(one, ast.Constant)}
    assert set() == keys(RESULTS[name]) - constants


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_enumerations_are_those_of_the_real_module(definitions, name):
    """With the numbers of the library's header."""
    wrapper = ast.parse((folder() / "amdsmi_wrapper.py").read_text())
    numbers = {
        one.targets[0].id: one.value.value
        for one in wrapper.body
        if isinstance(one, ast.Assign)
        and isinstance(one.value, ast.Constant)
        and isinstance(one.targets[0], ast.Name)
    }
    real = {
        one.targets[0].id: numbers[one.value.attr]
        for one in definitions[name].body
        if isinstance(one, ast.Assign)
    }
    assert dict(getattr(fake_amdsmi, name).__members__).items() <= real.items()


@pytest.mark.parametrize("name", [name for name in vars(FakeAmdSmi) if "Exception" in name])
def test_exceptions_are_derived_as_in_the_real_module(name):
    """Handlers catch both."""
    source = ast.parse((folder() / "amdsmi_exception.py").read_text())
    classes = {one.name: one for one in source.body if isinstance(one, ast.ClassDef)}

    expected = [base.__name__ for base in getattr(fake_amdsmi, name).__bases__]
    assert expected == [base.id for base in classes[name].bases]


def test_the_fake_has_all_functions_that_the_exporter_calls():
    """A misspelled function would look like a missing value."""
    package = Path(inspect.getfile(fake_amdsmi.AMDSMI)).parent
    asked = {
        one.value
        for path in package.glob("*.py")
        for one in ast.walk(ast.parse(path.read_text()))
        if isinstance(one, ast.Constant) and str(one.value).startswith("amdsmi_")
    }
    assert set() == asked - set(FUNCTIONS)


def keys(answer):
    """Return all keys within a result."""
    if not isinstance(answer, dict):
        return set()
    return set(answer).union(*map(keys, answer.values()))
