"""The example provider is installed, found, tested and asked as `docs/adding-a-provider.md` says."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from providers.errors import ProviderError
from tests.examples.clone import Clone, make_clone
from tests.pages import DOCS, ROOT, Block, blocks

PAGE = DOCS / "adding-a-provider.md"
EXAMPLE = ROOT / "examples" / "support-crm"
SHELL = [block for block in blocks(PAGE) if block.language == "sh"]
INSTALL, UPSTREAM, DESK, CALLS, SWITCH_ON = SHELL
PRINTED_DESK, PRINTED_UPSTREAM = "http://127.0.0.1:8000", "http://127.0.0.1:9010"
URL = re.compile(r"http://\S+?:\d+")
LEAST_CHECKS = 100

pytestmark = pytest.mark.skipif(
    not (find_spec("pip") and find_spec("setuptools")), reason="pip and setuptools install the example"
)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    directory = tmp_path_factory.mktemp("work") / "support-desk"
    directory.mkdir()
    return make_clone(directory)


@pytest.fixture(scope="module")
def printed(clone: Clone) -> str:
    """What the page's first commands print: both packages are installed, and the example's tests ran."""
    return clone.run(INSTALL.text)


@pytest.fixture(scope="module")
def installed(clone: Clone, printed: str) -> Clone:
    return clone


@contextmanager
def serving(clone: Clone, command: str, log: Path, **variables: str) -> Iterator[str]:
    """The address at which a server of the page says that it listens."""
    server = clone.start(command, log, **variables)
    try:
        address = next((found for line in server.stdout if (found := URL.search(line))), None)
        assert address, log.read_text()
        yield address[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.stdout.close()
        assert server.wait(timeout=30) in {0, -signal.SIGTERM}


@pytest.fixture(scope="module")
def upstream(installed: Clone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("upstream") / "stderr"
    with serving(installed, f"{UPSTREAM.text.strip()} --port 0", log) as address:
        yield address


def settings_for(upstream: str) -> tuple[str, dict[str, str]]:
    """The page's `export` lines, and what they set."""
    lines = [line for line in DESK.text.splitlines() if line.startswith("export ")]
    exports = "\n".join(lines).replace(PRINTED_UPSTREAM, upstream)
    return exports, dict(re.findall(r"(\w+)=(\S+)", exports))


def test_its_own_tests_pass_where_it_is_installed(printed: str) -> None:
    passed = re.search(r"(\d+) passed", printed)
    assert passed, printed
    assert int(passed[1]) >= LEAST_CHECKS
    assert "failed" not in printed


def test_the_registry_finds_it_by_its_entry_point(installed: Clone) -> None:
    told = installed.run(
        "python -c 'from providers.registry import Registry; print(Registry().lookup(\"crm\").__module__)'"
    )
    assert told.strip() == "support_crm.provider"


def test_a_start_without_its_settings_names_each_variable_and_the_cure(installed: Clone) -> None:
    told = installed.run("python wsgi.py 2>&1 || true", INTELLIGENCE_PROVIDERS="crm,fallback")
    assert "CRM_URL: Set the address" in told
    assert "CRM_API_KEY: Set the key" in told


def test_a_desk_answers_with_it_as_printed_and_the_commands_that_look_at_it_succeed(
    installed: Clone, upstream: str, tmp_path: Path
) -> None:
    assert len(CALLS.calls) == CALLS.text.count("curl ")
    exports, settings = settings_for(upstream)
    with serving(installed, DESK.text.strip().splitlines()[-1], tmp_path / "stderr", **settings) as desk:
        for call in CALLS.calls:
            call.make({PRINTED_DESK: desk, PRINTED_UPSTREAM: upstream}, {})
    told = installed.run(f"{exports}\n{SWITCH_ON.text}")
    assert re.search(r"crm.*connected", told), told


@pytest.mark.parametrize(
    "excerpt",
    [block for block in blocks(PAGE) if block.language in {"python", "toml"}],
    ids=lambda block: block.text.partition("\n")[0].removeprefix("# "),
)
def test_every_excerpt_stands_in_its_file(excerpt: Block) -> None:
    name, _, code = excerpt.text.partition("\n")
    assert code in (EXAMPLE / name.removeprefix("# ")).read_text()


def test_the_tree_of_the_page_is_the_tree_of_the_example() -> None:
    (drawn,) = [block.text for block in blocks(PAGE) if block.text.startswith("support-crm/")]
    named = [line.split()[0] for line in drawn.splitlines()[1:]]
    assert named
    assert [name for name in named if not (EXAMPLE / name).exists()] == []


def test_its_readme_names_each_of_its_settings() -> None:
    declared = re.findall(r'data_key="(\w+)"', (EXAMPLE / "support_crm" / "settings.py").read_text())
    assert declared == re.findall(r"^\| `(\w+)` \|", (EXAMPLE / "README.md").read_text(), re.MULTILINE)


def test_the_errors_in_the_table_behave_as_it_says() -> None:
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
