"""All commands, and what becomes of their errors: one sentence and an exit status."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from typing import Annotated

import typer

from barkive import __version__
from barkive.cli import (
    animals,
    breeds,
    copy,
    duplicates,
    enhance,
    evaluate,
    explore,
    export,
    identify,
    import_boxes,
    interruption,
    label,
    learn,
    merge,
    review,
    runs,
    saying,
    scan,
    search,
    serve,
    sift,
    study,
    train,
    tune,
)
from barkive.errors import BarkiveError

app = typer.Typer(
    name="barkive",
    help="Names the breed of the dog in a photo.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("identify")(identify.identify)
app.command("scan")(scan.scan)
app.command("search")(search.search)
app.command("label")(label.label)
# What it was called before.
app.command("correct", hidden=True)(label.label)
app.command("learn")(learn.learn)
app.command("review")(review.review)
app.command("history")(label.history)
app.command("duplicates")(duplicates.duplicates)
app.command("export", cls=export.ExportCommand)(export.export)
app.command("import-boxes")(import_boxes.import_boxes)
app.command("copy")(copy.copy)
app.command("merge")(merge.merge)
app.command("runs")(runs.runs)
app.command("breeds")(breeds.breeds)
app.add_typer(animals.app)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("enhance")(enhance.enhance)
app.command("explore")(explore.explore)
app.command("sift")(sift.sift)
app.command("study")(study.study)
app.command("tune")(tune.tune)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"barkive {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            help="Say on standard error what is being done; twice for every detail.",
            show_default=False,
        ),
    ] = 0,
) -> None:
    """Names the breed of the dog in a photo."""
    saying.choose("en")  # until the command's own option says otherwise
    if verbose:
        _log_to_standard_error(logging.INFO if verbose == 1 else logging.DEBUG)


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


def run() -> None:
    """Runs the command that the arguments name, and exits with its status."""
    # They are about what decoding settles by itself: size, damaged EXIF.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    stderr, rank = sys.stderr, os.environ.get("RANK")
    together = rank is not None and os.environ.get("WORLD_SIZE", "1") != "1"
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    if together and command in ("train", "study", "tune"):
        # Of the processes that a launcher starts the first speaks for all, and PyTorch's own
        # words about them are for those who ask for them.
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
        if rank != "0":
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        # Names of files and breeds are printable whatever the locale says; a file name
        # that is not UTF-8 is escaped as JSON escapes it.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app()
    except SystemExit as end:
        # Typer makes an exit of an interruption.
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):
            interruption.tell()
        raise
    except BarkiveError as error:
        typer.echo(saying.text("error", sentence=error.message), file=stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        sentence = saying.text("results_unwritable", reason=error.strerror)
        saying.say("error", err=True, sentence=sentence)
        # What is left in the buffer would fail once more, at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(BarkiveError.exit_code)
