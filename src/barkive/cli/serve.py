"""`barkive serve`: the web page and the HTTP API."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from barkive.cli.options import (
    Device,
    catalogue_model_option,
    catalogue_option,
    device_option,
    limit_memory,
    memory_option,
)

if TYPE_CHECKING:
    import socket

    from barkive.errors import UsageError
    from barkive.web.passwords import Passwords
    from barkive.web.users import Users

_PASSWORD = "BARKIVE_PASSWORD"  # the name of a variable


@click.command()
@catalogue_option
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    help="The address to listen on; on any but this machine's own a password is asked for.",
)
@click.option(
    "--port",
    metavar="NUMBER",
    type=click.IntRange(min=0, max=65535),
    default=8000,
    help="0 for any that is free.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@catalogue_model_option
@device_option
@memory_option
@click.option(
    "--folder",
    metavar="FOLDER",
    multiple=True,
    help="A folder that the page may scan, with all inside; may be given several times. "
    "By default every folder on this machine's own address, and none on any other.",
)
@click.option(
    "--allowed-host",
    metavar="NAME",
    multiple=True,
    help="A name under which the server may be addressed, such as the one of a site in "
    "front of it; may be given several times.",
)
@click.option(
    "--root-path",
    metavar="PATH",
    default="",
    show_default=False,
    help="The path below which visitors reach the server, such as /dogs where it is a part "
    "of a site.",
)
@click.option(
    "--password", is_flag=True, help="Ask for a password on this machine's own address too."
)
@click.option("--new-password", is_flag=True, help="Set another password, and start.")
@click.option(
    "--users",
    metavar="[FILE|URL]",
    is_flag=False,
    flag_value="",
    envvar="BARKIVE_USERS",
    show_envvar=True,
    help="Have the users of `barkive users` sign in by name, on this machine's own address too, "
    "in the place of one password for all; on any other this is so once there are users. Their "
    "database is a file, or postgresql://USER@HOST/NAME; by default one in the user's folder for "
    "settings.",
)
def serve(
    catalogue: str | None,
    host: str,
    port: int,
    open_page: bool,
    model: Path | None,
    device: Device,
    memory: str | None,
    folder: tuple[str, ...],
    allowed_host: tuple[str, ...],
    root_path: str,
    password: bool,
    new_password: bool,
    users: str | None,
) -> None:
    """Serve the web page and the HTTP API, until Ctrl-C.

    On this machine's own address anybody who uses the machine may use the page. On any other,
    a password is asked for: it is set once, at the first start or by the variable
    BARKIVE_PASSWORD, and kept as a hash. Programs send it as a bearer token. Or each user signs
    in by name, and may do what their role allows: see `barkive users`.
    """
    from dataclasses import replace

    from barkive.web import LOOPBACK, Settings, create_app
    from barkive.web.server import run

    limit_memory(memory)
    own = host in LOOPBACK
    name = _name(host)
    one = password or new_password
    known = _users(users, one, own)
    passwords = _passwords(new_password) if known is None and (one or not own) else None
    settings = Settings(
        catalogue=catalogue,
        model=model,
        device=device.value,
        password=passwords,
        users=known,
        hosts=LOOPBACK | {name, *allowed_host} if own or allowed_host else None,
        folders=tuple(folder) if folder else None if own else (),
        root_path=root_path.rstrip("/"),
    )
    listening = _listen(host, port)
    port = listening.getsockname()[1]
    address = f"http://{f'[{name}]' if ':' in name else name}:{port}{settings.root_path}"
    app = create_app(settings if own else replace(settings, address=address))

    def tell() -> None:
        click.echo(f"Barkive is at {address}", err=True)
        if not own and sys.stderr.isatty():
            _show_code(address)
        if passwords is not None:
            click.echo("It asks for the password.", err=True)
        if known is not None:
            click.echo("It asks for name and password.", err=True)
        if not own:
            click.echo(
                "The connection is not encrypted: on a network that you don't trust, put a web "
                "server with HTTPS in front.",
                err=True,
            )
        if (why := app.state.service.catalogue.read_only) is not None:
            click.echo(why, err=True)
        click.echo("Ctrl-C ends it.", err=True)
        if open_page:
            click.launch(address)

    run(app, listening, tell)


def _users(where: str | None, one: bool, own: bool) -> Users | None:
    """The users, where these are to sign in by name.

    Args:
        where: Their database, empty for `default_users`; None where they are not asked for.
        one: Whether one password for all is asked for.
        own: Whether the server is on this machine's own address.

    Raises:
        UsageError: Both are asked for, or there are no users.
    """
    from barkive.errors import UsageError
    from barkive.web.users import Users, default_users

    if where is not None and one:
        raise UsageError("users_and_password")
    if where is None and (one or own or not default_users().is_file()):
        return None
    users = Users(where or None)
    if users.all():
        return users
    database = users.name
    users.close()
    if where is not None:
        raise UsageError(
            "users_none", database=database, command="barkive users add NAME --role manage"
        )
    return None


def _passwords(renew: bool) -> Passwords:
    """The password, set now if it is not.

    Raises:
        UsageError: It is not set, and nobody is there to be asked.
    """
    from barkive.errors import UsageError
    from barkive.web.passwords import Passwords, default_file

    passwords = Passwords(default_file())
    given = os.environ.get(_PASSWORD)
    if given is not None:
        if not (passwords.is_set and passwords.verify(given)):
            passwords.set(given)
            click.echo("The password is set; it is kept as a hash.", err=True)
    elif renew or not passwords.is_set:
        if not sys.stdin.isatty():
            raise UsageError("password_missing", variable=_PASSWORD)
        click.echo("Others may reach this address, so visitors must know a password.", err=True)
        passwords.set(click.prompt("New password", hide_input=True, confirmation_prompt=True))
        click.echo("It is kept as a hash; next time nobody is asked for it here.", err=True)
    return passwords


def _listen(host: str, port: int) -> socket.socket:
    """Takes the address, before anything else is done.

    Raises:
        UsageError: It can't be had.
    """
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    if os.name == "posix":  # on Windows it would let two servers share an address
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise _unusable(host, port, error) from None
    listening.listen(2048)
    return listening


def _unusable(host: str, port: int, error: OSError) -> UsageError:
    import socket

    from barkive.errors import UsageError, system_reason

    if isinstance(error, socket.gaierror):
        return UsageError("server_address_unknown", host=host)
    if isinstance(error, PermissionError):
        return UsageError("server_port_reserved", port=port)
    return UsageError("server_port_unusable", port=port, host=host, reason=system_reason(error))


def _name(host: str) -> str:
    """What others call the address to listen on: where that is any, this machine's in its network.

    To say where packets would be sent from, the system sends none. Where it knows no way out, the
    machine's name must do.
    """
    import socket

    if host not in ("0.0.0.0", "::"):
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # for examples alone, RFC 5737
        except OSError:
            return socket.gethostname()
        return str(asking.getsockname()[0])


def _show_code(address: str) -> None:
    """Shows the QR code of an address, black on white whatever the terminal's colours."""
    from barkive.web.qr_code import qr_lines

    click.echo("On a phone in the same network, open it by the camera:", err=True)
    try:
        for line in qr_lines(address):
            click.secho(line, err=True, fg="black", bg="bright_white")
    except UnicodeEncodeError:  # a terminal without such characters
        return
