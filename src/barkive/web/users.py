"""Named sign-ins: users, what each may do, and the tokens of their programs. Knows no HTTP."""

from __future__ import annotations

import secrets
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from barkive.errors import UsageError
from barkive.web import passwords
from barkive.web.passwords import Hashed, Verifier
from barkive.web.roles import Role
from barkive.web.sessions import Sessions, digest
from barkive.web.sign_in_database import SignInDatabase, token, user

_LONGEST_NAME = 100
_MOST_TOKENS = 100
_BEGINNING = "barkive_"
_NOTED_SECONDS = 60.0


class UnknownUserError(UsageError):
    """No user is called so, or no token has this number."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in.

    Attributes:
        id: Their number.
        name: What they are called, and sign in with.
        role: What they may do.
        mark: Of their password; another one has another.
        added_at: UTC.
    """

    id: int
    name: str
    role: Role
    mark: str
    added_at: datetime

    def to_json(self) -> dict[str, Any]:
        """For output; moments in UTC."""
        return {"name": self.name, "role": self.role.value, "added_at": _utc(self.added_at)}


@dataclass(frozen=True, slots=True)
class Token:
    """What a program of a user sends in the place of the password; it is kept as a digest only.

    Attributes:
        id: Its number.
        name: What the user calls it.
        made_at: UTC.
        used_at: When it was last used, to the minute, UTC; None where it was not yet.
    """

    id: int
    name: str
    made_at: datetime
    used_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        """For output; moments in UTC."""
        used = None if self.used_at is None else _utc(self.used_at)
        return {"id": self.id, "name": self.name, "made_at": _utc(self.made_at), "used_at": used}


class Users:
    """Those who may sign in; safe to use from several threads, and by several programs at once.

    Attributes:
        sessions: Of those who are signed in.
    """

    def __init__(
        self, where: str | Path | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Opens the users' database, and makes it where there is none.

        Args:
            where: A file, or a URL such as `postgresql://user@host/name`; None for
                `default_users`.
            clock: Seconds since 1970.

        Raises:
            SignInDatabaseError: It can't be opened.
            MissingExtraError: PostgreSQL is asked for without the extra for it.
        """
        self._database = SignInDatabase(default_users() if where is None else where)
        self._clock = clock
        self._verifier = Verifier()
        # Whoever is not known takes as long as a wrong password.
        self._nobody = Hashed("", "")
        self.name = self._database.name
        self.sessions = Sessions(self._database, clock=clock)

    def close(self) -> None:
        """Closes all connections, those of the sessions with them."""
        self._database.close()

    def all(self) -> list[User]:
        """All, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(user).order_by(user.c.name_key)).all()
        return [_user(row) for row in rows]

    def get(self, name: str) -> User:
        """The user of a name, however it is spelled in capitals.

        Raises:
            UnknownUserError: There is none.
        """
        with self._database.read() as connection:
            return _user(_row(connection, name))

    def add(self, name: str, role: Role, password: str) -> User:
        """Adds somebody; durable when this returns.

        Raises:
            UsageError: The name is taken, or none; or the password is too short or too long.
        """
        name = _checked(name)
        hashed = Hashed.of(password)
        values = {"name": name, "name_key": _key(name), "role": role.value}
        row = {**values, **_of(hashed), "added_at": self._clock()}
        try:
            with self._database.write() as connection:
                connection.execute(insert(user).values(row))
        except IntegrityError:
            raise UsageError("user_name_taken", name=name) from None
        return self.get(name)

    def set_role(self, name: str, role: Role) -> User:
        """Has somebody do more, or less, from now on.

        Raises:
            UnknownUserError: There is no such user.
            UsageError: Nobody would be left who may manage.
        """
        with self._database.write() as connection:
            row = _row(connection, name)
            if role is not Role.MANAGE:
                _refuse_last(connection, row)
            connection.execute(update(user).where(user.c.id == row.id).values(role=role.value))
        return self.get(name)

    def set_password(self, name: str, password: str) -> User:
        """Gives somebody another password; sessions that the last one opened are over.

        Raises:
            UnknownUserError: There is no such user.
            UsageError: It is too short or too long.
        """
        hashed = Hashed.of(password)
        with self._database.write() as connection:
            row = _row(connection, name)
            connection.execute(update(user).where(user.c.id == row.id).values(_of(hashed)))
        return self.get(name)

    def remove(self, name: str) -> User:
        """Removes somebody, whose tokens and sessions are over; what they said stays.

        Raises:
            UnknownUserError: There is no such user.
            UsageError: Nobody would be left who may manage.
        """
        with self._database.write() as connection:
            row = _row(connection, name)
            _refuse_last(connection, row)
            connection.execute(delete(token).where(token.c.user_id == row.id))
            connection.execute(delete(user).where(user.c.id == row.id))
        return _user(row)

    def verify(self, name: str, password: str) -> User | None:
        """The user of a name and a password; takes a tenth of a second unless it was right before.

        None where there is no such user, or the password is another.
        """
        with self._database.read() as connection:
            row = connection.execute(_named(name)).one_or_none()
        hashed = self._nobody if row is None else Hashed.of_json(row.password)
        is_right = self._verifier.is_right(hashed, password)
        return _user(row) if row is not None and is_right else None

    def of_mark(self, mark: str) -> User | None:
        """The user whose password has a mark; None where there is none, or not any more."""
        with self._database.read() as connection:
            row = connection.execute(select(user).where(user.c.mark == mark)).one_or_none()
        return None if row is None else _user(row)

    def of_token(self, value: str) -> User | None:
        """The user of a token, which counts as used then; None where it is none, or withdrawn."""
        now, c = self._clock(), token.c
        with self._database.read() as connection:
            joined = select(user, c.id.label("token_id"), c.used_at).join_from(user, token)
            row = connection.execute(joined.where(c.digest == digest(value))).one_or_none()
        if row is None:
            return None
        if row.used_at is None or now - row.used_at >= _NOTED_SECONDS:
            with self._database.write() as connection:
                connection.execute(update(token).where(c.id == row.token_id).values(used_at=now))
        return _user(row)

    def tokens(self, name: str) -> list[Token]:
        """Somebody's tokens, in the order in which they were made.

        Raises:
            UnknownUserError: There is no such user.
        """
        with self._database.read() as connection:
            number = _row(connection, name).id
            chosen = select(token).where(token.c.user_id == number).order_by(token.c.id)
            rows = connection.execute(chosen).all()
        return [_token(row) for row in rows]

    def add_token(self, name: str, called: str) -> str:
        """Makes a token for a program of somebody, and gives it: it can't be had again.

        Args:
            name: The user's.
            called: What it is called.

        Raises:
            UnknownUserError: There is no such user.
            UsageError: The name of the token is none, or they have a hundred.
        """
        called, value = _checked(called), f"{_BEGINNING}{secrets.token_urlsafe(32)}"
        with self._database.write() as connection:
            number = _row(connection, name).id
            held = select(func.count()).where(token.c.user_id == number)
            if connection.execute(held).scalar_one() >= _MOST_TOKENS:
                raise UsageError("tokens_too_many", name=name, most=_MOST_TOKENS)
            row = {"user_id": number, "name": called, "digest": digest(value)}
            connection.execute(insert(token).values(**row, made_at=self._clock()))
        return value

    def withdraw(self, name: str, number: int) -> Token:
        """Withdraws a token of somebody: from now on nobody is let in with it.

        Raises:
            UnknownUserError: There is no such user, or they have no such token.
        """
        with self._database.write() as connection:
            own = (token.c.user_id == _row(connection, name).id) & (token.c.id == number)
            row = connection.execute(select(token).where(own)).one_or_none()
            if row is None:
                raise UnknownUserError("token_unknown", name=name, number=number)
            connection.execute(delete(token).where(own))
        return _token(row)


def default_users() -> Path:
    """Where users are kept unless another place is named: beside the server's password."""
    return passwords.default_file().with_name("users.sqlite")


def _named(name: str) -> Any:
    return select(user).where(user.c.name_key == _key(name))


def _row(connection: Connection, name: str) -> Row[Any]:
    row: Row[Any] | None = connection.execute(_named(name)).one_or_none()
    if row is None:
        raise UnknownUserError("user_unknown", name=name)
    return row


def _refuse_last(connection: Connection, row: Row[Any]) -> None:
    """Refuses to take from the last one who may manage that they may."""
    # Of two at once, each of whom would see the other left, one waits here for the other.
    managing = select(user.c.id).where(user.c.role == Role.MANAGE.value).with_for_update()
    if connection.execute(managing).scalars().all() == [row.id]:
        raise UsageError("user_last_manager", name=row.name)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()


def _checked(name: str) -> str:
    """A name as it is kept.

    Raises:
        UsageError: It is empty, too long, or has signs that can't be seen or stand apart.
    """
    kept = unicodedata.normalize("NFC", " ".join(name.split()))
    # A colon ends the name where it is sent with its password.
    if not 1 <= len(kept) <= _LONGEST_NAME or not kept.isprintable() or ":" in kept:
        raise UsageError("user_name_invalid", name=kept[:_LONGEST_NAME], most=_LONGEST_NAME)
    return kept


def _of(hashed: Hashed) -> dict[str, str]:
    return {"password": hashed.to_json(), "mark": hashed.salt}


def _user(row: Row[Any]) -> User:
    return User(row.id, row.name, Role(row.role), row.mark, _moment(row.added_at))


def _token(row: Row[Any]) -> Token:
    used = None if row.used_at is None else _moment(row.used_at)
    return Token(row.id, row.name, _moment(row.made_at), used)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)


def _utc(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='seconds')}Z"
