"""The messages that errors build themselves, and the exit status of each."""

import shlex
import sys

import pytest

from barkive import errors


def test_a_missing_extra_is_named_with_the_command_that_installs_it() -> None:
    error = errors.MissingExtraError("heic", "A HEIC photo")
    assert str(error) == (
        "A HEIC photo needs the extra “heic”; install it with: "
        f"{shlex.quote(sys.executable)} -m pip install 'barkive[heic]'"
    )


@pytest.mark.parametrize(
    ("nearest", "message"),
    [
        (
            ["Pug"],
            "Barkive knows no breed called “pgu”. The nearest names: Pug. "
            "`barkive breeds` lists all it",
        ),
        ([], "Barkive knows no breed called “pgu”. `barkive breeds` lists all it"),
    ],
)
def test_an_unknown_breed_names_its_neighbours(nearest: list[str], message: str) -> None:
    assert str(errors.UnknownBreedError("pgu", nearest)) == f"{message} knows."


def test_every_error_is_barkives_and_has_an_exit_status() -> None:
    status = {
        error.__name__: error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.BarkiveError)
    }
    of_photos = {name for name, code in status.items() if code == 1}
    assert of_photos == {"PhotoError", "PassingError", "ExportError"}
    assert set(status.values()) == {1, 2}
