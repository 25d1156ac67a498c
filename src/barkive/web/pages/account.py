"""“My account”: the password of the user who is signed in, and the tokens of their programs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from barkive.errors import BarkiveError, UsageError
from barkive.messages import Message, Messages
from barkive.web.dependencies import Addresses
from barkive.web.languages import language_of
from barkive.web.pages.login import keep_session
from barkive.web.rendering import render
from barkive.web.services.sign_in import SignIn, Visitor
from barkive.web.sessions import LoginThrottle
from barkive.web.signed_in import signed_in
from barkive.web.urls import Route
from barkive.web.users import User, Users

router = APIRouter(include_in_schema=False)


class PasswordForm(BaseModel):
    """Another password.

    Attributes:
        now: The one that they have.
        new: The one that they want.
        again: The same, typed once more.
    """

    now: str = ""
    new: str = ""
    again: str = ""


@router.get(Route.ACCOUNT)
def account(request: Request, urls: Addresses, said: str = "") -> Response:
    """The page; where the server knows nobody by name, it leads to the first page."""
    if signed_in() is None:
        return RedirectResponse(urls.home(), 303)
    return _page(request, said=said)


@router.post(Route.ACCOUNT_PASSWORD)
def change(request: Request, urls: Addresses, form: Annotated[PasswordForm, Form()]) -> Response:
    """Sets another password; all sessions are over but the one that is asking."""
    user = signed_in()
    if user is None:
        return RedirectResponse(urls.home(), 303)
    throttle: LoginThrottle = request.app.state.throttle
    address = request.client.host if request.client else ""
    users = _users(request)
    if throttle.seconds_to_wait(address):
        return _page(request, status=429, fault=Message("sign_in_too_many_attempts"))
    if users.verify(user.name, form.now) is None:
        throttle.failed(address)
        return _page(request, status=422, fault=Message("password_now_wrong"))
    if form.new != form.again:
        return _page(request, status=422, fault=Message("passwords_differ"))
    try:
        user = users.set_password(user.name, form.new)
    except UsageError as error:
        return _page(request, status=422, fault=error)
    response = RedirectResponse(f"{urls.account()}?said=password", 303)
    _stay(request, response, user)
    return response


@router.post(Route.ACCOUNT_TOKENS)
def make_token(
    request: Request, urls: Addresses, name: Annotated[str, Form(max_length=1000)] = ""
) -> Response:
    """Makes a token, and shows it: now, and never again."""
    user = signed_in()
    if user is None:
        return RedirectResponse(urls.home(), 303)
    try:
        made = _users(request).add_token(user.name, name)
    except UsageError as error:
        return _page(request, status=422, token_fault=error, token_name=name)
    return _page(request, status=201, made=made)


@router.post(Route.ACCOUNT_TOKEN_WITHDRAW)
def withdraw(
    request: Request, urls: Addresses, token: Annotated[int, Form(ge=1, lt=2**63)]
) -> Response:
    """Withdraws a token."""
    user = signed_in()
    if user is None:
        return RedirectResponse(urls.home(), 303)
    _users(request).withdraw(user.name, token)
    return RedirectResponse(f"{urls.account()}?said=withdrawn", 303)


def _page(
    request: Request,
    *,
    status: int = 200,
    said: str = "",
    fault: Message | BarkiveError | None = None,
    token_fault: BarkiveError | None = None,
    token_name: str = "",
    made: str = "",
) -> Response:
    user, words = signed_in(), Messages(language_of(request))
    assert user is not None
    tokens: list[dict[str, Any]] = [
        {
            "id": one.id,
            "name": one.name,
            "made": words.day(one.made_at),
            "used": words.moment(one.used_at) if one.used_at else None,
        }
        for one in _users(request).tokens(user.name)
    ]
    return render(
        request,
        "account.html",
        status=status,
        said=said,
        fault=fault,
        token_fault=token_fault,
        token_name=token_name,
        made=made,
        tokens=tokens,
        role=user.role.in_words,
    )


def _users(request: Request) -> Users:
    door: SignIn = request.app.state.sign_in
    assert door.users is not None
    return door.users


def _stay(request: Request, response: Response, user: User) -> None:
    """Signs a user in again whose password is another now."""
    door: SignIn = request.app.state.sign_in
    keep_session(request, response, door.open(Visitor(user, user.mark)))
