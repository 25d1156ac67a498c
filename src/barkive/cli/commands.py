"""All commands, and what becomes of their errors: one sentence and an exit status."""

from __future__ import annotations

import errno
import logging
import os
import sys
import warnings
from importlib import import_module
from typing import Any, Final

import click

from barkive import __version__
from barkive.cli import interruption, saying, standard_streams, wrong_usage
from barkive.cli.help import HelpContext
from barkive.errors import BarkiveError, system_reason


class Deferred(click.Command):
    """A command whose module is imported when it is run, or explains itself."""

    def __init__(self, name: str, place: str, short_help: str, *, hidden: bool = False) -> None:
        """Takes what a list of commands says of it.

        Args:
            name: What it is called.
            place: Where it is: a module of this package, a colon, and a name in it.
            short_help: What it does, in a line.
            hidden: Whether lists leave it out.
        """
        super().__init__(name, short_help=short_help, hidden=hidden)
        self._place = place

    def load(self) -> click.Command:
        """The command itself."""
        module, _, name = self._place.partition(":")
        command: click.Command = getattr(import_module(f"barkive.cli.{module}"), name)
        return wrong_usage.spoken(command)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """A context of the command itself, which is what is run."""
        command = self.load()
        command.context_class = HelpContext
        try:
            return command.make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            # What Click finds first of all, it does not say of which command.
            error.ctx = error.ctx or click.Context(command, parent, info_name)
            raise


class _Group(click.Group):
    """Lists its commands as they were added."""

    context_class = HelpContext

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def get_short_help_str(self, limit: int = 45) -> str:
        """What it does, in full: the limit would end it in the middle of a sentence."""
        return self.help or ""


class _Root(_Group):
    """All commands."""

    def invoke(self, ctx: click.Context) -> Any:
        """Makes an exit of an interruption, of which Click would speak in its own words."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupted:
            raise SystemExit(interruption.STATUS) from interrupted


class _StandardError(logging.Handler):
    """Writes to standard error as it is now: above a progress bar, where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")


def _log_to_standard_error(level: int) -> None:
    handler = _StandardError()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("barkive")
    logger.handlers = [handler]
    logger.setLevel(level)


def _completion(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """Does what the option is called, and ends."""
    if wanted and not ctx.resilient_parsing:
        from barkive.cli import completion

        act = completion.show if param.name == "show_completion" else completion.install
        act(ctx.command)
        ctx.exit()


# The first sentence of each help page stands here as well, because a list of commands imports none
# of them; a test compares.
_OF_ANIMALS: Final = (
    Deferred("list", "animals:list_", "List animals, all of them or those that fit every filter."),
    Deferred(
        "show",
        "animals:show",
        "Show an animal: its record, what each photo says of its breed, and what people did.",
    ),
    Deferred("new", "animals:new", "Make an animal of photos, or one without photos yet."),
    Deferred(
        "edit",
        "animals:edit",
        "Say more of an animal, or something else; an empty value takes away what was said.",
    ),
    Deferred(
        "add",
        "animals:add",
        "Add photos to an animal: those that are named, or all that fit the filters.",
    ),
    Deferred(
        "take-away",
        "animals:take_away",
        "Take photos away from an animal that they don't show; they are not suggested "
        "for it again.",
    ),
    Deferred("move", "animals:move", "Move photos from one animal to another."),
    Deferred(
        "merge",
        "animals:merge",
        "Make one of several animals: --into gets their photos, and what it lacks itself.",
    ),
    Deferred(
        "split",
        "animals:split",
        "Make a new animal of some of the photos of another; the options are of the new one.",
    ),
    Deferred("remove", "animals:remove", "Remove an animal; its photos stay in the catalogue."),
    Deferred("undo", "animals:undo", "Take back what somebody did to animals, as a whole."),
    Deferred(
        "history",
        "animals:history",
        "Show what people did to an animal or to all: who, when, and what it was before.",
    ),
    Deferred(
        "suggest",
        "animal_suggestions:suggest",
        "Suggest which photos show one animal, and which show one that is known.",
    ),
    Deferred(
        "match",
        "animal_suggestions:match",
        "Find out which animal a photo shows, such as one of a found dog; the likest first.",
    ),
    Deferred(
        "card",
        "animal_files:card",
        "Draw kennel cards to print: a page for each animal, with its photo and what is known.",
    ),
    Deferred(
        "import",
        "animal_files:import_",
        "Bring in animals from a CSV file: new ones are made, known ones get what the file says.",
    ),
)
_OF_USERS: Final = (
    Deferred(
        "add",
        "users:add",
        "Add a user; their password is asked for twice, or read from standard input.",
    ),
    Deferred("list", "users:list_", "List the users, what each may do, and their tokens."),
    Deferred("role", "users:role", "Have a user do more, or less, from now on."),
    Deferred(
        "password",
        "users:password",
        "Give a user another password; they are signed out everywhere, and their tokens stay.",
    ),
    Deferred(
        "remove",
        "users:remove",
        "Remove a user, who is signed out at once, with their tokens; what they said stays.",
    ),
    Deferred(
        "token",
        "users:token",
        "Make a token for a program of a user, and print it: it can't be had again.",
    ),
    Deferred(
        "withdraw", "users:withdraw", "Withdraw a token of a user: from now on it lets nobody in."
    ),
)
_COMMANDS: Final = (
    Deferred("serve", "serve:serve", "Serve the web page and the HTTP API, until Ctrl-C."),
    Deferred("identify", "identify:identify", "Name the breed of the dog on each photo."),
    Deferred(
        "scan", "scan:scan", "Catalogue photos wherever they lie: identify what is new or changed."
    ),
    Deferred(
        "search",
        "search:search",
        "Find photos in the catalogue by breed, dogs, status, date, folder, animal, text "
        "or likeness.",
    ),
    Deferred(
        "label",
        "label:label",
        "Label a photo or a dog in it: what a person says stands over the model, in every scan.",
    ),
    Deferred(
        "correct",
        "label:label",
        "Label a photo or a dog in it: what a person says stands over the model, in every scan.",
        hidden=True,
    ),
    Deferred(
        "learn",
        "learn:learn",
        "Have the model learn what people said: known breeds, new ones, crosses, what is no dog.",
    ),
    Deferred(
        "review",
        "review:review",
        "Go through the photos that the model is not sure of, the most useful first.",
    ),
    Deferred(
        "history",
        "label:history",
        "Show what people said of a photo: who, when, and what it was before.",
    ),
    Deferred(
        "duplicates",
        "duplicates:duplicates",
        "List photos that show the same: copies of a file, and pictures that look alike.",
    ),
    Deferred(
        "forget",
        "forget:forget",
        "Take photos out of the catalogue: those that are named, are gone, or fit every filter.",
    ),
    Deferred(
        "export",
        "export:export",
        "Take the catalogue out, for spreadsheets, photo managers, shelter software or training.",
    ),
    Deferred(
        "import-boxes",
        "import_boxes:import_boxes",
        "Bring in the boxes of dogs that another program has found, and judge their breeds.",
    ),
    Deferred(
        "copy", "copy:copy", "Copy a catalogue to another place, such as from a file to PostgreSQL."
    ),
    Deferred(
        "merge",
        "merge:merge",
        "Bring in what people said in another catalogue: labels, notes, numbers, history.",
    ),
    Deferred(
        "runs",
        "runs:runs",
        "Show the last scans: who scanned what, when, with what, and what came of it.",
    ),
    Deferred(
        "breeds",
        "breeds:breeds",
        "List the breeds that Barkive knows, or look one up; those that people added come along.",
    ),
    Deferred("train", "train:train", "Train a model on a folder of breeds."),
    Deferred(
        "evaluate",
        "evaluate:evaluate",
        "Measure how well a model names the breeds in a folder of photos.",
    ),
    Deferred("enhance", "enhance:enhance", "Adjust photos: brightness, contrast, noise."),
    Deferred(
        "explore",
        "explore:explore",
        "Look at a folder of photos: counts, sizes, quality, duplicates, outliers.",
    ),
    Deferred(
        "sift",
        "sift:sift",
        "Draw the SIFT key points of photos: positions, sizes and orientations.",
    ),
    Deferred("study", "study:study", "Run a recipe of the study: train, measure, explain."),
    Deferred(
        "tune",
        "tune:tune",
        "Search over head, penalty, dropout, augmentation, learning rate and depth.",
    ),
    _Group(
        "animals",
        help="Keep the animals: one dog, many photos, one record.",
        commands=_OF_ANIMALS,
    ),
    _Group(
        "users",
        help="Keep the users of the web page: who may sign in, and what each may do.",
        commands=_OF_USERS,
    ),
)


# They do nothing but print: once nobody reads that, as with `| head`, they are done.
_OF_RESULTS_ALONE: Final = (
    *("identify", "search", "history", "duplicates", "export", "runs", "breeds"),
    *("evaluate", "explore", "sift"),
)


@click.group(
    cls=_Root,
    commands=_COMMANDS,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "show_default": True,
        "max_content_width": 100,
        # As https://no-color.org has it; None for styles on a terminal alone.
        "color": False if os.environ.get("NO_COLOR") else None,
    },
)
@click.version_option(
    __version__,
    prog_name="barkive",
    message="%(prog)s %(version)s",
    help="Print the version and exit.",
)
@click.option(
    "-v",
    "--verbose",
    count=True,
    show_default=False,
    help="Say on standard error what is being done; twice for every detail.",
)
@click.option(
    "--install-completion",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_completion,
    help="Install completion by the Tab key for your shell, and exit.",
)
@click.option(
    "--show-completion",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_completion,
    help="Print what completes for your shell, and exit.",
)
def app(verbose: int) -> None:
    """Names the breed of the dog in a photo."""
    saying.choose(wrong_usage.language(()))  # until the command's own option says otherwise
    if verbose:
        _log_to_standard_error(logging.INFO if verbose == 1 else logging.DEBUG)


def run() -> None:
    """Runs the command that the arguments name, and exits with its status."""
    # They are about what decoding settles by itself: size, damaged EXIF.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    standard_streams.prepare(stops=command in _OF_RESULTS_ALONE)
    stderr, rank = sys.stderr, os.environ.get("RANK")
    together = rank is not None and os.environ.get("WORLD_SIZE", "1") != "1"
    if together and command in ("train", "study", "tune"):
        # Of the processes that a launcher starts the first speaks for all, and PyTorch's own
        # words about them are for those who ask for them.
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
        if rank != "0":
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    try:
        status = app(standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as end:
        if isinstance(end.__cause__, KeyboardInterrupt):
            interruption.tell()
        raise
    except BarkiveError as error:
        click.echo(saying.text("error", sentence=error.message), file=stderr)
        status = error.exit_code
    except click.UsageError as error:
        wrong_usage.tell(error)
        status = error.exit_code
    except standard_streams.ReaderGoneError:
        status = 0
    except click.Abort:
        saying.say("aborted", err=True)
        status = 1
    except OSError as error:
        saying.say("error", err=True, sentence=_of_system(error))
        status = BarkiveError.exit_code
    sys.exit(status or 0)


def _of_system(error: OSError) -> str:
    """An error of the system that nothing else has explained: what, where, and what to do."""
    reason = system_reason(error)
    if isinstance(error, standard_streams.ResultsUnwritableError):
        return saying.text("results_unwritable", reason=reason)
    name = errno.errorcode.get(error.errno or 0, "").lower()
    is_told = saying.known(f"system_advice_{name}")
    told = f" {saying.text(f'system_advice_{name}')}" if is_told else ""
    if error.filename is None:
        return saying.text("system_failed", reason=reason, advice=told)
    file = (
        os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else error.filename
    )
    return saying.text("system_failed_file", file=file, reason=reason, advice=told)
