"""Who sends the request that is being answered: a user, where the server knows users by name.

What somebody says or does is theirs by this name, whatever they send.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from barkive.errors import UsageError
from barkive.web.roles import Role
from barkive.web.users import User


class RoleRefusedError(UsageError):
    """The role of a user does not allow what they ask for."""


_USER: ContextVar[User | None] = ContextVar("barkive_user", default=None)


def signed_in() -> User | None:
    """The user; None where the server knows none by name."""
    return _USER.get()


def who(said: str | None = None) -> str | None:
    """The name under which something is said or done.

    Args:
        said: The one that was sent; it counts only where the server knows nobody by name.
    """
    user = signed_in()
    return said if user is None else user.name


def may(role: Role) -> bool:
    """Whether what a role allows may be done: by everybody, where the server knows no names."""
    user = signed_in()
    return user is None or user.role.includes(role)


def require(role: Role) -> None:
    """Refuses what a role is needed for.

    Raises:
        RoleRefusedError: The user does not have it.
    """
    user = signed_in()
    if user is not None and not may(role):
        raise RoleRefusedError(
            "role_refused", name=user.name, may=user.role.in_words, needed=role.in_words
        )


@contextmanager
def answering(user: User | None) -> Iterator[None]:
    """Answers a request of a user."""
    before = _USER.set(user)
    try:
        yield
    finally:
        _USER.reset(before)
