"""`barkive users`, run for real; and whom `barkive serve` then asks for."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from barkive.cli import serve
from barkive.cli.commands import app
from barkive.cli.users import RoleName
from barkive.errors import UsageError
from barkive.web import users as module
from barkive.web.roles import Role
from barkive.web.users import Users

PASSWORD = "correct horse"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("barkive.web.passwords._N", 1 << 4)
    place = tmp_path / "settings" / "users.sqlite"
    monkeypatch.setattr(module, "default_users", lambda: place)
    return place


@pytest.fixture
def barkive(place: Path) -> Callable[..., Result]:
    def run(*arguments: str, said: str = "") -> Result:
        result = CliRunner().invoke(app, ["users", *arguments], input=said, env={"COLUMNS": "200"})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def ada(barkive: Callable[..., Result]) -> Callable[..., Result]:
    barkive("add", "Ada", "--role", "manage", said=f"{PASSWORD}\n")
    return barkive


def test_the_roles_are_those_of_the_page() -> None:
    assert [one.value for one in RoleName] == [one.value for one in Role]


def test_a_user_is_added_changed_and_removed(ada: Callable[..., Result], place: Path) -> None:
    added = ada("add", "Ben", "--role", "look", said=f"{PASSWORD}\r\n")
    assert (added.stdout, added.stderr) == ("", "Ben may sign in.\n")
    assert ada("role", "ben", "label").stderr == "Ben has the role label from now on.\n"
    assert ada("list").stdout.splitlines() == [f"{'Ada':30} manage", f"{'Ben':30} label"]
    assert ada("password", "Ben", said="battery staple").stderr.startswith("Ben has another")
    users = Users(place)
    assert users.verify("ben", "battery staple") is not None
    assert ada("remove", "Ben", "--lang", "fr").stderr == "Ben est retiré.\n"
    assert [one.name for one in users.all()] == ["Ada"]
    users.close()


def test_a_token_is_made_listed_and_withdrawn(ada: Callable[..., Result], place: Path) -> None:
    made = ada("token", "Ada", "--name", "importer")
    assert made.stderr == "It is shown only once; programs send it as a bearer token.\n"
    users = Users(place)
    assert users.of_token(made.stdout.strip()) is not None
    (row,) = [json.loads(line) for line in ada("list", "--format", "json").stdout.splitlines()]
    (token,) = row["tokens"]
    assert (row["name"], row["role"], token["name"]) == ("Ada", "manage", "importer")
    assert "token 1: importer, made at " in ada("list").stdout
    assert ada("withdraw", "Ada", "1").stderr == "The token importer is withdrawn.\n"
    assert users.of_token(made.stdout.strip()) is None
    users.close()


@pytest.mark.parametrize(
    ("arguments", "said", "sentence"),
    [
        (("add", "Bo", "--role", "look"), "short\n", "The password has 5 characters; it must"),
        (("add", "Bo", "--role", "look"), "", "The password has 0 characters; it must"),
        (("add", "ada", "--role", "look"), f"{PASSWORD}\n", "There is a user ada already"),
        (("password", "Bo"), f"{PASSWORD}\n", "There is no user Bo."),
        (("remove", "Ada"), "", "Ada is the only one who may manage"),
        (("list", "--format", "csv"), "", "Users are listed as a table or as JSON"),
        (("list", "--users", "mysql://a:secret@b/c"), "", "The users' database is a file, or"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    ada: Callable[..., Result], arguments: tuple[str, ...], said: str, sentence: str
) -> None:
    with pytest.raises(Exception, match=sentence) as caught:
        ada(*arguments, said=said)
    assert "secret" not in str(caught.value)


def test_at_a_terminal_the_password_is_asked_for_twice(
    ada: Callable[..., Result], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    asked = []

    def prompt(text: str, **options: object) -> str:
        asked.append((text, options))
        return "battery staple"

    monkeypatch.setattr("click.prompt", prompt)
    monkeypatch.setattr("barkive.cli.users.sys", type("", (), {"stdin": Terminal()}))
    ada("password", "Ada")
    options = {"hide_input": True, "confirmation_prompt": "Once more"}
    assert asked == [("New password", options)]
    users = Users(place)
    assert users.verify("ada", "battery staple") is not None
    users.close()
    assert sys.stdin is not None


def test_users_sign_in_where_the_password_would_be_asked_for(
    ada: Callable[..., Result], place: Path
) -> None:
    def asked(where: str | None, *, one: bool = False, own: bool = False) -> bool:
        users = serve._users(where, one, own)
        if users is not None:
            users.close()
        return users is not None

    assert asked(None)
    assert asked("", own=True)
    assert asked(str(place), own=True)
    assert not asked(None, own=True)
    assert not asked(None, one=True)
    with pytest.raises(UsageError, match="--users and --password exclude each other"):
        asked("", one=True)


def test_without_users_there_is_one_password(place: Path) -> None:
    assert serve._users(None, one=False, own=False) is None
    assert not place.exists()
    with pytest.raises(UsageError) as caught:
        serve._users("", one=False, own=True)
    assert str(caught.value) == (
        f"There are no users in {place} yet; add one who may manage with: "
        "barkive users add NAME --role manage"
    )
