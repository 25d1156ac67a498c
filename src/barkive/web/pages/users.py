"""The users, for those who manage: add one, change a role or a password, remove one."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from barkive.errors import UsageError
from barkive.messages import Messages
from barkive.web.dependencies import Addresses
from barkive.web.languages import language_of
from barkive.web.rendering import render
from barkive.web.roles import Role
from barkive.web.services.sign_in import SignIn
from barkive.web.urls import Route, with_query
from barkive.web.users import Users

router = APIRouter(include_in_schema=False)

_MAY = {
    Role.LOOK: "users.role_look",
    Role.LABEL: "users.role_label",
    Role.MANAGE: "users.role_manage",
}


class NewUser(BaseModel):
    """Somebody who is to sign in.

    Attributes:
        name: What they sign in with.
        role: What they may do.
        password: Their first one, which they change themselves.
    """

    name: str = ""
    role: Role = Role.LABEL
    password: str = ""


class Change(BaseModel):
    """What is to become of a user.

    Attributes:
        name: Theirs.
        act: What is to be done.
        role: What they may do then.
        password: The one that they have then.
    """

    name: str = ""
    act: Literal["role", "password", "remove"]
    role: Role = Role.LABEL
    password: str = ""


@router.get(Route.USERS)
def users(request: Request, urls: Addresses, said: str = "", name: str = "") -> Response:
    """The page; where the server knows nobody by name, it leads to the first page."""
    if _users(request) is None:
        return RedirectResponse(urls.home(), 303)
    return _page(request, said=said, about=name)


@router.post(Route.USERS)
def add(request: Request, urls: Addresses, form: Annotated[NewUser, Form()]) -> Response:
    """Adds a user."""
    known = _users(request)
    if known is None:
        return RedirectResponse(urls.home(), 303)
    try:
        made = known.add(form.name, form.role, form.password)
    except UsageError as error:
        return _page(request, fault=error, typed=form)
    return RedirectResponse(with_query(urls.users(), said="added", name=made.name), 303)


@router.post(Route.USERS_CHANGE)
def change(request: Request, urls: Addresses, form: Annotated[Change, Form()]) -> Response:
    """Changes or removes a user."""
    known = _users(request)
    if known is None:
        return RedirectResponse(urls.home(), 303)
    try:
        match form.act:
            case "role":
                known.set_role(form.name, form.role)
            case "password":
                known.set_password(form.name, form.password)
            case "remove":
                known.remove(form.name)
    except UsageError as error:
        return _page(request, fault=error, about=form.name)
    return RedirectResponse(with_query(urls.users(), said=form.act, name=form.name), 303)


def _page(
    request: Request,
    *,
    said: str = "",
    about: str = "",
    fault: UsageError | None = None,
    typed: NewUser | None = None,
) -> Response:
    words, known = Messages(language_of(request)), _users(request)
    assert known is not None
    rows = [
        {
            "name": one.name,
            "role": one.role.value,
            "may": words(_MAY[one.role]),
            "added": words.day(one.added_at),
            "tokens": len(known.tokens(one.name)),
        }
        for one in known.all()
    ]
    return render(
        request,
        "users.html",
        status=422 if fault else 200,
        said=said if said in ("added", "role", "password", "remove") else "",
        about=about,
        fault=fault,
        typed=typed or NewUser(),
        rows=rows,
        roles=[(role.value, words(_MAY[role])) for role in Role],
    )


def _users(request: Request) -> Users | None:
    door: SignIn | None = request.app.state.sign_in
    return None if door is None else door.users
