"""Users, their passwords and tokens: what is kept, who is let in, and for how long."""

import sqlite3
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from barkive.errors import UsageError
from barkive.web.roles import Role
from barkive.web.users import UnknownUserError, Users, default_users

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("barkive.web.passwords._N", 1 << 4)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | Path]:
    if request.param == "sqlite":
        yield tmp_path / "settings" / "users.sqlite"
        return
    new_database: Callable[..., object] = request.getfixturevalue("new_database")
    with new_database(migrated=False) as url:  # type: ignore[attr-defined]
        yield url


@pytest.fixture
def users(where: str | Path) -> Iterator[Users]:
    users = Users(where)
    users.add("Ada", Role.MANAGE, PASSWORD)
    yield users
    users.close()


def test_a_user_is_known_by_name_and_password(users: Users, where: str | Path) -> None:
    users.add("  Zoë   Müller ", Role.LOOK, "battery staple")
    other = Users(where)
    assert [(one.name, one.role) for one in other.all()] == [
        ("Ada", Role.MANAGE),
        ("Zoë Müller", Role.LOOK),
    ]
    found = other.verify("zoë müller", "battery staple")
    assert found is not None
    assert found.name == "Zoë Müller"
    for name, password in (
        ("Ada", "battery staple"),
        ("Bo", PASSWORD),
        ("", ""),
        ("Ada", "x" * 9999),
    ):
        assert other.verify(name, password) is None
    other.close()


@pytest.mark.parametrize("name", ["", " ", "a:b", "x" * 101, "a\0b", "a\u202eb"])
def test_names_that_nobody_can_read_are_refused(users: Users, name: str) -> None:
    with pytest.raises(UsageError, match="must have 1 to 100 characters that can be seen"):
        users.add(name, Role.LOOK, PASSWORD)


def test_a_name_is_taken_once_however_it_is_written(users: Users) -> None:
    with pytest.raises(UsageError) as caught:
        users.add("ADA", Role.LOOK, PASSWORD)
    assert str(caught.value) == "There is a user ADA already; choose another name."
    with pytest.raises(UnknownUserError, match="There is no user Bo"):
        users.set_role("Bo", Role.LOOK)
    with pytest.raises(UsageError, match="it must have 8 to 1000"):
        users.set_password("Ada", "short")


def test_another_password_ends_sessions_and_leaves_tokens(users: Users) -> None:
    ada = users.get("Ada")
    assert users.of_mark(ada.mark) == ada
    token = users.add_token("Ada", "importer")
    users.set_password("Ada", "battery staple")
    assert users.of_mark(ada.mark) is None
    assert users.verify("Ada", PASSWORD) is None
    assert users.verify("Ada", "battery staple") is not None
    assert users.of_token(token) is not None


def test_who_is_removed_is_let_in_no_more(users: Users) -> None:
    bo = users.add("Bo", Role.MANAGE, PASSWORD)
    token = users.add_token("Bo", "importer")
    users.remove("bo")
    assert users.of_mark(bo.mark) is None
    assert users.of_token(token) is None
    assert users.verify("Bo", PASSWORD) is None


def test_somebody_can_always_manage(users: Users) -> None:
    users.add("Bo", Role.LABEL, PASSWORD)
    for act in (lambda: users.remove("Ada"), lambda: users.set_role("Ada", Role.LABEL)):
        with pytest.raises(UsageError) as caught:
            act()
        assert str(caught.value) == (
            "Ada is the only one who may manage; let somebody else manage first."
        )
    users.set_role("Bo", Role.MANAGE)
    assert users.set_role("Ada", Role.LOOK).role is Role.LOOK


def test_of_two_who_step_down_at_once_one_stays(users: Users) -> None:
    users.add("Bo", Role.MANAGE, PASSWORD)
    refused = []

    def step_down(name: str) -> None:
        try:
            users.set_role(name, Role.LOOK)
        except UsageError:
            refused.append(name)

    threads = [threading.Thread(target=step_down, args=(name,)) for name in ("Ada", "Bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert [one.role for one in users.all()].count(Role.MANAGE) == 1


def test_a_token_is_withdrawn_by_who_has_it(users: Users) -> None:
    users.add("Bo", Role.LABEL, PASSWORD)
    token = users.add_token("Ada", "importer")
    assert token.startswith("barkive_")
    (kept,) = users.tokens("Ada")
    assert (kept.name, kept.used_at) == ("importer", None)
    with pytest.raises(UnknownUserError, match=f"Bo has no token number {kept.id}"):
        users.withdraw("Bo", kept.id)
    assert users.of_token(token) == users.get("Ada")
    assert users.tokens("Ada")[0].used_at is not None
    users.withdraw("Ada", kept.id)
    assert users.of_token(token) is None
    assert users.of_token("") is None


@pytest.mark.skipif(sys.platform == "win32", reason="rights of Unix")
def test_the_file_is_its_owners_and_holds_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "settings" / "users.sqlite"
    users = Users(file)
    users.add("Ada", Role.MANAGE, PASSWORD)
    token = users.add_token("Ada", "importer")
    session = users.sessions.open(users.get("Ada").mark)
    users.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    content = file.read_bytes()
    for secret in (PASSWORD, token, token.removeprefix("barkive_"), session):
        assert secret.encode() not in content
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version FROM sign_in_version").fetchall() == [(1,)]


@pytest.mark.skipif(sys.platform != "linux", reason="where Linux keeps settings")
def test_they_are_kept_beside_the_servers_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere")
    assert default_users() == Path("/somewhere/barkive/users.sqlite")
