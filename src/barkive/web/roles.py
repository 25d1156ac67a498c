"""What a user may do: look, label, or manage; and which of these a request needs.

The one place that says so. It goes by what a request is about, the first part of its path, and by
whether it only reads. What is not named here needs the most, so that no route is open by mistake.
"""

from __future__ import annotations

from enum import StrEnum

from barkive.messages import Message
from barkive.web.urls import API, Route


class Role(StrEnum):
    """What a user may do; each may do what those before it may."""

    LOOK = "look"
    LABEL = "label"
    MANAGE = "manage"

    def includes(self, other: Role) -> bool:
        """Whether who has this role may do what the other may."""
        ranks = [*Role]
        return ranks.index(self) >= ranks.index(other)

    @property
    def in_words(self) -> Message:
        """What it allows, such as “look at photos”."""
        return _IN_WORDS[self]


_IN_WORDS = {
    Role.LOOK: Message("role_look"),
    Role.LABEL: Message("role_label"),
    Role.MANAGE: Message("role_manage"),
}
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Pages that are there only to do something, or that show what others need not see: they take
# photos from other reviewers, or list the folders of the machine.
_PAGES = {
    "review": Role.LABEL,
    **dict.fromkeys(("duplicates", "scan", "merge", "users"), Role.MANAGE),
}
# These answer a question, take something out, or are about the user alone.
_ASKING = frozenset(
    {
        *(Route.IDENTIFY, Route.API_IDENTIFY, Route.API_HEATMAP),
        *(Route.WHICH, Route.API_ANIMALS_MATCH),
        *(Route.SELECTION, Route.SELECTION_EXPORT, Route.API_EXPORT),
        *(Route.LOGIN, Route.LOGOUT),
    }
)
_ASKING_OF = frozenset({"exports", "account"})
_LABELLING = frozenset({"photos", "selection", "animals", "acts", "review", "breeds"})
# Whatever it is of, it takes photos or other things out for good.
_FOR_GOOD = "forget"


def is_for_people(path: str) -> bool:
    """Whether a token does not do: who finds one must not make more of them, or users.

    Args:
        path: Below the root path.
    """
    return path.strip("/").partition("/")[0] in ("account", "users")


def needed(method: str, path: str) -> Role:
    """The role that a request needs.

    Args:
        method: The HTTP method.
        path: Below the root path.
    """
    parts = path.removeprefix(API).strip("/").split("/")
    if method in _READING:
        is_page = not path.startswith(f"{API}/")
        return _PAGES.get(parts[0], Role.LOOK) if is_page else Role.LOOK
    if path in _ASKING or parts[0] in _ASKING_OF:
        return Role.LOOK
    for_good = _FOR_GOOD in parts or (method == "DELETE" and parts[0] == "photos")
    return Role.LABEL if parts[0] in _LABELLING and not for_good else Role.MANAGE
