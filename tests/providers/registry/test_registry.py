import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from providers.registry import (
    BUILT_INS,
    GROUP,
    DuplicateProvider,
    Registry,
    UnknownProvider,
    UnusableProvider,
)
from providers.stub.provider import StubProvider
from providers.testing.scripted import ScriptedProvider


class OutsideProvider(ScriptedProvider):
    name = "outside"


def declared(name, target):
    return EntryPoint(name, target, GROUP)


def test_the_built_in_providers_are_known():
    assert Registry([]).names() == ("fallback", "quimbi", "statistical", "stub")


@pytest.mark.parametrize("name", BUILT_INS)
def test_a_built_in_provider_is_found_under_its_own_name(name):
    assert Registry([]).lookup(name).name == name


def test_a_package_adds_a_provider_by_an_entry_point():
    registry = Registry([declared("outside", f"{__name__}:OutsideProvider")])
    assert registry.names() == ("fallback", "outside", "quimbi", "statistical", "stub")
    assert registry.lookup("outside") is OutsideProvider


def test_a_built_in_provider_may_be_declared_again():
    registry = Registry([declared("stub", BUILT_INS["stub"]), declared("stub", BUILT_INS["stub"])])
    assert registry.lookup("stub") is StubProvider


@pytest.mark.parametrize(
    "declarations",
    [
        [declared("quimbi", f"{__name__}:OutsideProvider")],
        [declared("outside", f"{__name__}:OutsideProvider"), declared("outside", "elsewhere:Provider")],
    ],
    ids=["a built-in's name", "another package's name"],
)
def test_a_taken_name_is_refused_and_both_claims_are_told(declarations):
    with pytest.raises(DuplicateProvider) as refused:
        Registry(declarations)
    assert declarations[-1].value in str(refused.value)


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(UnknownProvider, match=r"'quimby'.*fallback, quimbi, statistical, stub"):
        Registry([]).lookup("quimby")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("no_such_package.module:Provider", "no_such_package"),
        (f"{__name__}:Missing", "Missing"),
        ("not a target", "not a target"),
        ("decimal:Decimal", "no IntelligenceProvider"),
        (f"{__name__}:declared", "no IntelligenceProvider"),
        ("providers.interface:IntelligenceProvider", "leaves out"),
        (f"{__name__}:OutsideProvider", "calls itself 'outside'"),
    ],
)
def test_what_is_no_provider_of_that_name_is_refused_when_looked_up(target, told):
    registry = Registry([declared("broken", target)])
    with pytest.raises(UnusableProvider, match=told):
        registry.lookup("broken")


def test_nothing_is_imported_before_it_is_looked_up():
    program = (
        "import sys; from providers.registry import Registry; registry = Registry(); "
        "early = {'requests', 'providers.quimbi.provider', 'providers.stub.provider'} & sys.modules.keys(); "
        "registry.lookup('stub'); "
        "sys.exit(str(early) if early or 'providers.stub.provider' not in sys.modules else 0)"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
