"""Who sends the request that is being answered: a user, where the server knows users by name.

What somebody says or does is theirs by this name, whatever they send.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from barkive.web.users import User

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


@contextmanager
def answering(user: User | None) -> Iterator[None]:
    """Answers a request of a user."""
    before = _USER.set(user)
    try:
        yield
    finally:
        _USER.reset(before)
