"""The server's password: what is kept of it, who is let in, and what a damaged file does."""

import base64
import hashlib
import json
import os
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from barkive.errors import BarkiveError, UsageError
from barkive.web import passwords as module
from barkive.web.passwords import Passwords, default_file

pytestmark = pytest.mark.slow

PASSWORD = "correct horse"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings" / "password.json"


@pytest.fixture
def passwords(file: Path) -> Passwords:
    made = Passwords(file)
    made.set(PASSWORD)
    return made


@pytest.fixture
def hashings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many were under way at the beginning of each hashing, itself included."""
    running: list[int] = []
    seen: list[int] = []

    def slowly(*words: object) -> bytes:
        running.append(1)
        seen.append(len(running))
        time.sleep(0.02)
        running.pop()
        return bytes(32)

    monkeypatch.setattr(module, "_scrypt", slowly)
    return seen


def test_only_the_password_is_right(passwords: Passwords) -> None:
    assert passwords.is_set
    assert passwords.verify(PASSWORD)
    for wrong in ("", "correct horse ", "Correct horse", "x" * 10_000):
        assert not passwords.verify(wrong)


def test_another_program_knows_it_too(passwords: Passwords, file: Path) -> None:
    assert Passwords(file).verify(PASSWORD)
    assert not Passwords(file).verify("something else")


def test_what_is_no_text_is_no_reason_to_fail(file: Path) -> None:
    passwords = Passwords(file)
    passwords.set("\udcff" * 8)
    assert passwords.verify("\udcff" * 8)
    assert not passwords.verify("\udcfe" * 8)


def test_the_file_holds_a_hash_by_the_parameters_that_owasp_names(
    passwords: Passwords, file: Path
) -> None:
    row = json.loads(file.read_text())
    assert PASSWORD not in file.read_text()
    assert (row["n"], row["r"], row["p"]) == (32768, 8, 3)
    salt = base64.b64decode(row["salt"])
    assert len(salt) == 16
    digest = hashlib.scrypt(
        PASSWORD.encode(), salt=salt, n=32768, r=8, p=3, maxmem=64 << 20, dklen=32
    )
    assert base64.b64decode(row["digest"]) == digest


def test_the_same_password_never_has_the_same_hash(passwords: Passwords, file: Path) -> None:
    before = json.loads(file.read_text())
    passwords.set(PASSWORD)
    after = json.loads(file.read_text())
    assert before["salt"] != after["salt"]
    assert before["digest"] != after["digest"]


def test_a_hash_by_other_parameters_still_counts(file: Path) -> None:
    digest = hashlib.scrypt(b"of long ago", salt=b"s" * 16, n=1024, r=8, p=1, dklen=32)
    file.parent.mkdir()
    encode = base64.b64encode
    row = {"salt": encode(b"s" * 16).decode(), "digest": encode(digest).decode()}
    file.write_text(json.dumps(row | {"n": 1024, "r": 8, "p": 1}))
    assert Passwords(file).verify("of long ago")
    assert not Passwords(file).verify("of long past")


@pytest.mark.skipif(sys.platform == "win32", reason="rights of Unix")
def test_only_the_owner_reads_the_file_and_its_folder(passwords: Passwords, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_without_a_file_nobody_is_let_in(file: Path) -> None:
    passwords = Passwords(file)
    assert not passwords.is_set
    assert not passwords.verify("")
    assert not passwords.verify(PASSWORD)


def test_once_the_file_is_gone_nobody_is_let_in(passwords: Passwords, file: Path) -> None:
    assert passwords.verify(PASSWORD)
    file.unlink()
    assert not passwords.verify(PASSWORD)


def test_a_new_password_ends_the_old_one_at_once(passwords: Passwords, file: Path) -> None:
    assert passwords.verify(PASSWORD)
    Passwords(file).set("battery staple")
    assert not passwords.verify(PASSWORD)
    assert passwords.verify("battery staple")


@pytest.mark.parametrize("length", [0, 7, 1001])
def test_too_short_or_too_long_is_refused(file: Path, length: int) -> None:
    with pytest.raises(UsageError) as caught:
        Passwords(file).set("x" * length)
    assert str(caught.value) == (f"The password has {length} characters; it must have 8 to 1000.")
    assert not file.exists()


@pytest.mark.parametrize("length", [8, 1000])
def test_the_shortest_and_the_longest_are_taken(
    file: Path, hashings: list[int], length: int
) -> None:
    passwords = Passwords(file)
    passwords.set("x" * length)
    assert passwords.verify("x" * length)


ROW = {"salt": "c2FsdHNhbHRzYWx0c2FsdA==", "digest": "AAAA", "n": 1024, "r": 8, "p": 1}
DAMAGED = {
    "empty": "",
    "cut off": '{"salt": "c2',
    "a list": "[]",
    "null": "null",
    "other names": '{"password": "secret"}',
    "too few": '{"salt": "c2FsdA=="}',
    "a salt of another type": json.dumps(ROW | {"salt": 7}),
    "a digest that is not base64": json.dumps(ROW | {"digest": "é"}),
    "parameters that scrypt does not take": json.dumps(ROW | {"n": 1000}),
    "parameters that fill the memory": json.dumps(ROW | {"n": 1 << 40}),
    "parameters of another type": json.dumps(ROW | {"r": "8"}),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_says_so_and_lets_nobody_in(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(BarkiveError) as caught:
        Passwords(file).verify(PASSWORD)
    assert str(caught.value) == (
        f"The password's file {file} can't be read: it is damaged; delete it, and set the "
        "password again."
    )


def test_bytes_that_are_no_text_are_damage_too(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BarkiveError, match="it is damaged"):
        assert Passwords(file).is_set


def test_an_unreadable_file_says_why(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(BarkiveError, match=r"can't be read: .+; delete it"):
        Passwords(file).verify(PASSWORD)


def test_a_folder_that_can_not_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(BarkiveError) as caught:
        Passwords(tmp_path / "taken" / "password.json").set(PASSWORD)
    assert str(caught.value).endswith("make the folder writable.")


def test_what_fails_midway_leaves_the_old_password(
    passwords: Passwords, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*words: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(BarkiveError, match="No space left on device"):
            passwords.set("battery staple")
    assert passwords.verify(PASSWORD)
    assert list(file.parent.iterdir()) == [file]


def test_a_right_password_is_hashed_once_and_a_wrong_one_each_time(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = module._scrypt

    def counted(password: str, *words: object) -> bytes:
        hashed.append(password)
        return real(password, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_scrypt", counted)
    for password in (PASSWORD, PASSWORD, "a wrong one", PASSWORD, "a wrong one"):
        passwords.verify(password)
    assert hashed == [PASSWORD, "a wrong one", "a wrong one"]


def test_no_more_than_two_are_hashed_at_once(passwords: Passwords, hashings: list[int]) -> None:
    threads = [threading.Thread(target=passwords.verify, args=(f"wrong {i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hashings) == 8
    assert max(hashings) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="where Linux keeps settings")
def test_it_is_kept_in_the_folder_for_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere")
    assert default_file() == Path("/somewhere/barkive/password.json")
