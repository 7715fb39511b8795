"""The provider that `docs/adding-a-provider.md` builds, taken from the page as it stands."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.errors import ProviderError
from providers.registry import Registry
from providers.settings import SettingsError
from service.settings import Settings
from tests.pages import DOCS, ROOT, blocks
from tests.wire.desk import running_desk

PAGE = DOCS / "adding-a-provider.md"
FILE_NAME = re.compile(r"# (\S+\.\w+)\n")
ENVIRONMENT = {"ENVIRONMENT": "test", "SECRET_KEY": "s" * 32, "INTELLIGENCE_PROVIDERS": "loyalty,fallback"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files, each named by its first line."""
    directory = tmp_path_factory.mktemp("package")
    for block in blocks(PAGE):
        if named := FILE_NAME.match(block.text):
            path = directory / named[1]
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text.removeprefix(named[0]))
    (directory / "support_loyalty" / "__init__.py").touch()
    return directory


@pytest.fixture
def installed(package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As after an installation: the package can be imported, and its metadata be read."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    metadata = package / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    entries = project["entry-points"]["support.providers"].items()
    lines = [f"{name} = {target}" for name, target in entries]
    (metadata / "entry_points.txt").write_text("\n".join(["[support.providers]", *lines]))
    monkeypatch.syspath_prepend(package)
    yield
    for module in [name for name in sys.modules if name.partition(".")[0] == "support_loyalty"]:
        del sys.modules[module]


def test_it_passes_the_contract_suite(package: Path) -> None:
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-W",
            "error",
            "-p",
            "no:cacheprovider",
            "--strict-markers",
            "tests",
        ],
        cwd=package,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{package}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed
    assert int(passed[1]) >= 30


@pytest.mark.usefixtures("installed")
def test_the_registry_finds_it_by_its_entry_point() -> None:
    assert Registry().lookup("loyalty").display_name == "Loyalty"


@pytest.mark.usefixtures("installed")
def test_a_start_without_its_setting_names_the_variable_and_the_cure() -> None:
    with pytest.raises(SettingsError, match="LOYALTY_FILE: Set the path"):
        Settings.parse(ENVIRONMENT)


@pytest.mark.usefixtures("installed")
def test_a_desk_answers_with_it(migrated_sqlite: Path, tmp_path: Path) -> None:
    members = tmp_path / "members.json"
    members.write_text(json.dumps({"cust_1": {"tier": "gold", "spent": 892.5, "orders": 12}}))
    environment = {
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'desk.db')}",
        "LOG_FILE": str(tmp_path / "app.log"),
        "LOYALTY_FILE": str(members),
        "INTELLIGENCE_PROVIDERS": "loyalty,fallback",
    }
    with running_desk(environment) as desk:
        desk.new_ticket("cust_1")
        answer = desk.get("/api/ai/customers/cust_1/intelligence").json()
    assert answer["provenance"]["provider"] == "loyalty"
    assert answer["behavioral_metrics"]["lifetime_value"] == 892.5


def test_the_errors_in_its_table_behave_as_it_says() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \| (\w+) \|$", PAGE.read_text(), re.MULTILINE)
    classes = {kind.__name__: kind for kind in _subclasses(ProviderError)}
    assert len(rows) == 9
    for name, retried, counts in rows:
        assert classes[name].retryable is (retried == "yes"), name
        assert classes[name].trips_circuit is (counts == "yes"), name


def _subclasses(kind: type[ProviderError]) -> Iterator[type[ProviderError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
