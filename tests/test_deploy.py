"""docs/deploy.md and the files in docs/deploy: they name what is there, as it is called."""

from __future__ import annotations

import re
import shlex
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from barkive.catalogue import Catalogue
from barkive.cli.commands import app
from barkive.cli.scan import scan
from barkive.errors import CatalogueError
from barkive.web.api import health

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
FOLDER = ROOT / "docs" / "deploy"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (FOLDER / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NAMES = set(app.commands)
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
DOCUMENTS = [yaml.safe_load(text) for language, text in BLOCKS if language == "yaml"]


def words_of(line: str) -> list[str]:
    """A line's words, up to what the shell does with the rest."""
    words: list[str] = []
    for word in shlex.split(line.removeprefix("$ "), comments=True):
        if word in ("|", ">", ">>", "<", "&&", ";"):
            break
        words.append(word)
    return words


def lines() -> Iterator[str]:
    """The commands of the page, each on one line; those behind `&&` on lines of their own."""
    for language, text in BLOCKS:
        if not language:
            for line in text.replace("\\\n", " ").splitlines():
                yield from line.split(" && ")
    for document in DOCUMENTS:
        if "entrypoint" in document.get("spec", {}):
            yield document["spec"]["entrypoint"]


def barkives(words: list[str]) -> list[str] | None:
    """What follows `barkive` in a command, whatever starts it; None where it is none."""
    for at, word in enumerate(words[:-1]):
        if word == "barkive" and words[at + 1] in NAMES:
            return words[at + 1 :]
    return None


COMMANDS = [found for line in lines() if (found := barkives(words_of(line))) is not None] + [
    found
    for service in SERVICES.values()
    if (found := barkives(service.get("command", []))) is not None
]


def parse(words: list[str]) -> dict[str, Any]:
    """The values of a command's options, read as the real command line reads them."""
    with app.make_context("barkive", list(words), resilient_parsing=True) as context:
        name, command, rest = app.resolve_command(context, list(words))
        assert command is not None
        with command.make_context(name, rest, parent=context) as inner:
            return dict(inner.params)


def test_the_commands_are_found() -> None:
    """So that the test below can't pass because nothing was found."""
    assert {words[0] for words in COMMANDS} == {
        *("copy", "identify", "runs", "scan", "serve", "users")
    }
    assert len(COMMANDS) >= 10
    assert len(
        [line for line in lines() if re.search(r"\bbarkive (scan|runs|copy)\b", line)]
    ) == len([words for words in COMMANDS if words[0] in ("scan", "runs", "copy")])


@pytest.mark.parametrize("words", COMMANDS, ids=map(" ".join, COMMANDS))
def test_a_command_is_one_that_barkive_understands(words: list[str]) -> None:
    parse(words)


def test_a_wrong_command_would_be_found() -> None:
    for wrong in (
        ["scan", "/photos", "--engine", "spark"],
        ["scan", "/photos", "--engines", "ray"],
    ):
        with pytest.raises(click.UsageError):
            parse(wrong)
    assert parse(["scan", "/photos", "--engine", "ray"])["engine"] == "ray"


RAY = [
    words
    for words in [words_of(line) for line in lines()]
    + [service["command"] for service in SERVICES.values() if "command" in service]
    if words[:2] == ["ray", "start"] or words[:3] == ["ray", "job", "submit"]
]


def test_rays_own_commands_are_found() -> None:
    assert [words[1] for words in RAY] == ["start", "start", "job", "start", "start"]


@pytest.mark.ray
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("words", RAY, ids=map(" ".join, RAY))
def test_rays_own_commands_have_options_that_ray_has(words: list[str]) -> None:
    from ray.scripts import scripts

    command = scripts.cli
    rest = [re.sub(r"\$\{\w+:-(\w+)\}", r"\1", word) for word in words[1:]]
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    with command.make_context(command.name, rest) as context:
        assert context.params


def test_every_name_in_the_compose_file_is_declared() -> None:
    assert set(SERVICES) == {"database", "page", "ray-head", "worker"}
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        for needed in service.get("depends_on", ()):
            assert "healthcheck" in SERVICES[needed]
        places = [volume.partition(":")[0] for volume in service["volumes"]]
        assert {name for name in places if re.fullmatch(r"\w+", name)} <= set(COMPOSE["volumes"])


def test_what_the_compose_file_asks_for_is_in_the_example() -> None:
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    example = (FOLDER / "env.example").read_text("utf-8")
    asked = set(re.findall(r"\$\{(\w+)", text))
    assert asked == set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+):\?", text)) >= {name for name in asked if "PASSWORD" in name}


def test_no_password_is_in_a_url_or_a_command() -> None:
    for place in [PAGE, *(file.read_text("utf-8") for file in sorted(FOLDER.iterdir()))]:
        assert not re.search(r"\w+://[^\s/@]+:[^\s/@]+@", place)
    for service in SERVICES.values():
        assert "PASSWORD" not in " ".join(service.get("command", []))


def test_the_catalogue_is_on_the_database_of_the_compose_file() -> None:
    database = SERVICES["database"]["environment"]
    name, user = database["POSTGRES_DB"], database["POSTGRES_USER"]
    for service in ("page", "ray-head"):
        environment = SERVICES[service]["environment"]
        assert environment["BARKIVE_CATALOGUE"] == f"postgresql://{user}@database/{name}"
        assert environment["PGPASSWORD"] == database["POSTGRES_PASSWORD"]
    assert "environment" not in SERVICES["worker"]
    options = scan.params
    assert "BARKIVE_CATALOGUE" in [option.envvar for option in options]


def test_the_photos_are_the_same_everywhere_and_only_read() -> None:
    for service in ("page", "ray-head", "worker"):
        assert SERVICES[service]["volumes"][0].endswith(":/photos:ro")
    page = barkives(SERVICES["page"]["command"])
    assert page is not None
    assert parse(page)["folder"] == ("/photos",)


def test_only_this_host_reaches_what_is_published() -> None:
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert published == {"page": ["127.0.0.1:8000:8000"], "ray-head": ["127.0.0.1:8265:8265"]}


def test_the_health_of_the_page_is_a_route_of_it() -> None:
    script = SERVICES["page"]["healthcheck"]["test"][-1]
    compile(script, "healthcheck", "exec")
    (asked,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", script)
    assert asked in [route.path for route in health.router.routes]
    told = set(re.findall(r"^\| `(/\w+)` \|", PAGE, re.MULTILINE))
    assert told == {route.path for route in health.router.routes}


def test_the_image_has_extras_that_there_are() -> None:
    (extras,) = re.findall(r"^ARG EXTRAS=(\S+)$", DOCKERFILE, re.MULTILINE)
    installed = re.findall(r"pip install '\.\[([\w,]+)\]'", PAGE)
    named = re.findall(r"extras? `(\w+)`", PAGE)
    known = set(PROJECT["optional-dependencies"])
    assert set(extras.split(",")) | set(",".join(installed).split(",")) | set(named) <= known
    assert {"postgres", "ray"} <= set(extras.split(","))
    (python,) = re.findall(r"^FROM python:3\.(\d+)-", DOCKERFILE, re.MULTILINE)
    assert int(python) >= int(PROJECT["requires-python"].rpartition(".")[2])


def test_the_image_is_built_from_files_that_there_are() -> None:
    built = {name: one["build"] for name, one in SERVICES.items() if "build" in one}
    assert [*built] == ["page"], "services that build one image at once get in each other's way"
    build = built["page"]
    assert (FOLDER / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    kept = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    files = [line.removeprefix("!") for line in kept if line.startswith("!")]
    assert all((ROOT / file).exists() for file in files)
    assert {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml", "src"} == set(files)


def test_what_is_laid_over_the_compose_file_fits_it() -> None:
    over = [document for document in DOCUMENTS if "services" in document]
    assert len(over) == 2
    assert all(set(document["services"]) <= {*SERVICES, "web"} for document in over)
    arguments = re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE)
    for service in [one for document in over for one in document["services"].values()]:
        assert set(service.get("build", {}).get("args", ())) <= set(arguments)
        places = {volume.partition(":")[0] for volume in service.get("volumes", ())}
        assert places <= set().union(*(document.get("volumes", {}) for document in over))
    assert "page:8000" in over[0]["services"]["web"]["command"]


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", PAGE))
def test_a_link_leads_somewhere(target: str) -> None:
    assert (ROOT / "docs" / target).exists()


@pytest.fixture
def guarded(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """The URL, without a password, of a database that asks for one: `correct horse`."""
    import psycopg

    with new_database() as url, psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SHOW hba_file").fetchone()
        assert row is not None
        rules = Path(row[0])
        before = rules.read_text()
        connection.execute("CREATE ROLE ada LOGIN PASSWORD 'correct horse'")
        connection.execute(f"ALTER DATABASE {connection.info.dbname} OWNER TO ada")
        rules.write_text(f"local all ada scram-sha-256\nhost all ada all scram-sha-256\n{before}")
        connection.execute("SELECT pg_reload_conf()")
        yield re.sub(r"//[^@/]*@", "//ada@", url)
        rules.write_text(before)
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("REASSIGN OWNED BY ada TO postgres")
        connection.execute("DROP ROLE ada")


def test_the_databases_password_may_be_in_a_variable_or_in_a_file_shut_to_others(
    guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGPASSWORD", "PGPASSFILE"):
        assert f"`{name}`" in PAGE
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "passwords"
    file.write_text("*:*:*:ada:correct horse\n")

    said: list[str] = []

    def opens() -> bool:
        try:
            with Catalogue(guarded) as catalogue:
                assert "correct" not in catalogue.name
                return catalogue.count() == 0
        except CatalogueError as refused:
            said.append(str(refused))
            return False

    wait_until(lambda: not opens())
    monkeypatch.setenv("PGPASSWORD", "correct horse")
    assert opens()
    monkeypatch.setenv("PGPASSWORD", "battery staple")
    assert not opens()
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", str(file))
    file.chmod(0o644)
    assert not opens()
    file.chmod(0o600)
    assert opens()
    assert all("password" in sentence and "horse" not in sentence for sentence in said)


def wait_until(is_so: Callable[[], bool]) -> None:
    """The server reads its rules in its own time."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
