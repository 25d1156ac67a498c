"""`barkive users`: who may sign in to the web page and the HTTP API, each by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

import click

from barkive.cli.options import Format, Values, format_option, lang_option
from barkive.cli.saying import say, text
from barkive.messages import Language

if TYPE_CHECKING:
    from barkive.web.users import Users


class RoleName(StrEnum):
    """What a user may do: `Role`, known without the web page; a test compares."""

    LOOK = "look"
    LABEL = "label"
    MANAGE = "manage"


users_option = click.option(
    "--users",
    "place",
    metavar="FILE|URL",
    envvar="BARKIVE_USERS",
    show_envvar=True,
    help="The users' database: a file, or postgresql://USER@HOST/NAME; by default one in the "
    "user's folder for settings.",
)
_role = click.option(
    "--role",
    type=Values(RoleName),
    required=True,
    help="look: see, search and export; label: add photos, label and review as well; manage: "
    "everything, with scans, learning and users.",
)
_name = click.argument("name", metavar="NAME", help="What the user is called.")


@contextmanager
def _opened(place: str | None) -> Iterator[Users]:
    from barkive.web.users import Users

    users = Users(place)
    try:
        yield users
    finally:
        users.close()


@click.command()
@_name
@_role
@users_option
@lang_option
def add(name: str, role: RoleName, place: str | None, lang: Language) -> None:
    """Add a user; their password is asked for twice, or read from standard input.

    Exit status: 0 all went well, 2 the name is taken, or wrong usage.
    """
    from barkive.web.roles import Role

    with _opened(place) as users:
        user = users.add(name, Role(role.value), _password())
        say("user_added", err=True, name=user.name)


@click.command()
@users_option
@lang_option
@format_option
def list_(place: str | None, lang: Language, form: Format) -> None:
    """List the users, what each may do, and their tokens."""
    from barkive.cli.output import json_line, print_line, printable
    from barkive.errors import UsageError

    if form is Format.CSV:
        raise UsageError("users_format_unknown")
    with _opened(place) as users:
        for user in users.all():
            tokens = users.tokens(user.name)
            if form is Format.JSON:
                rows = [one.to_json() for one in tokens]
                print_line(json_line(user.to_json() | {"tokens": rows}))
                continue
            print_line(f"{printable(user.name):30} {user.role.value}")
            for one in tokens:
                used = text("token_used", at=str(one.used_at)) if one.used_at else None
                said = text("token", number=one.id, name=printable(one.name), at=str(one.made_at))
                print_line(f"   {said} {used or text('token_unused')}")


@click.command()
@_name
@click.argument("role", type=Values(RoleName), help="What they may do from now on.")
@users_option
@lang_option
def role(name: str, role: RoleName, place: str | None, lang: Language) -> None:
    """Have a user do more, or less, from now on.

    look: see, search and export; label: add photos, label and review as well; manage: everything,
    with scans, learning and users.
    """
    from barkive.web.roles import Role

    with _opened(place) as users:
        user = users.set_role(name, Role(role.value))
        say("user_changed", err=True, name=user.name, role=user.role.value)


@click.command()
@_name
@users_option
@lang_option
def password(name: str, place: str | None, lang: Language) -> None:
    """Give a user another password; they are signed out everywhere, and their tokens stay.

    It is asked for twice, or read from standard input.
    """
    with _opened(place) as users:
        user = users.get(name)
        users.set_password(user.name, _password())
        say("user_password", err=True, name=user.name)


@click.command()
@_name
@users_option
@lang_option
def remove(name: str, place: str | None, lang: Language) -> None:
    """Remove a user, who is signed out at once, with their tokens; what they said stays."""
    with _opened(place) as users:
        user = users.remove(name)
        say("user_removed", err=True, name=user.name)


@click.command()
@_name
@click.option("--name", "called", metavar="TOKEN", required=True, help="What it is called.")
@users_option
@lang_option
def token(name: str, called: str, place: str | None, lang: Language) -> None:
    """Make a token for a program of a user, and print it: it can't be had again."""
    from barkive.cli.output import print_line

    with _opened(place) as users:
        print_line(users.add_token(name, called))
        say("token_made", err=True)


@click.command()
@_name
@click.argument("number", metavar="NUMBER", type=click.IntRange(min=1), help="As list has it.")
@users_option
@lang_option
def withdraw(name: str, number: int, place: str | None, lang: Language) -> None:
    """Withdraw a token of a user: from now on it lets nobody in."""
    from barkive.cli.output import printable

    with _opened(place) as users:
        done = users.withdraw(name, number)
        say("token_withdrawn", err=True, name=printable(done.name))


def _password() -> str:
    """A new password: typed twice without being shown, or the first line of standard input."""
    if sys.stdin.isatty():
        asked: str = click.prompt(
            text("password_new"), hide_input=True, confirmation_prompt=text("password_again")
        )
        return asked
    return sys.stdin.readline().removesuffix("\n").removesuffix("\r")
