"""Who is let in: whoever knows the server's one password, or its users. Knows no HTTP."""

from __future__ import annotations

from dataclasses import dataclass, replace

from barkive.web.passwords import Passwords
from barkive.web.sessions import Sessions
from barkive.web.sign_in_database import SignInDatabase, SignInDatabaseError
from barkive.web.users import User, Users


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in.

    Attributes:
        user: Who it is; None where there is one password for all.
        mark: Of the password that lets them in.
        is_program: Whether a token let them in.
    """

    user: User | None
    mark: str
    is_program: bool = False


class SignIn:
    """Lets people and programs in. What it does takes long, and so belongs in a thread.

    Attributes:
        users: The users; None where there is one password for all.
    """

    def __init__(self, who: Passwords | Users) -> None:
        """Goes on with the sessions that are open.

        Args:
            who: The one password, or the users.
        """
        self.users = who if isinstance(who, Users) else None
        self._passwords = who if isinstance(who, Passwords) else None
        self._sessions = who.sessions if isinstance(who, Users) else _beside(who)

    def by_password(self, name: str, password: str) -> Visitor | None:
        """Whoever knows a password.

        Args:
            name: Does not count where there is one password for all.
            password: Theirs.
        """
        if self.users is not None:
            return _known(self.users.verify(name, password))
        assert self._passwords is not None
        is_right = self._passwords.verify(password)
        return Visitor(None, self._passwords.mark) if is_right else None

    def by_token(self, token: str) -> Visitor | None:
        """Whoever a token is of; where there is one password for all it is that."""
        if self.users is not None:
            known = _known(self.users.of_token(token))
            return known and replace(known, is_program=True)
        return self.by_password("", token)

    def by_session(self, token: str) -> Visitor | None:
        """Whoever has signed in, unless the session is over."""
        mark = self._sessions.mark_of(token)
        if mark is None:
            return None
        if self.users is not None:
            return _known(self.users.of_mark(mark))
        assert self._passwords is not None
        return Visitor(None, mark) if mark == self._passwords.mark else None

    def open(self, visitor: Visitor) -> str:
        """Opens a session, and gives its token."""
        return self._sessions.open(visitor.mark)

    def end(self, token: str) -> None:
        """Ends a session, if there is one."""
        self._sessions.end(token)

    def close(self) -> None:
        """Closes all connections."""
        self._sessions.close()


def _known(user: User | None) -> Visitor | None:
    return None if user is None else Visitor(user, user.mark)


def _beside(passwords: Passwords) -> Sessions:
    """Sessions in a file beside the password's, or for as long as the server runs."""
    try:
        return Sessions(SignInDatabase(passwords.file.with_name("sessions.sqlite")))
    except SignInDatabaseError:  # such as a folder for settings that is mounted to be read
        return Sessions(SignInDatabase())
