"""Ctrl-C and SIGTERM at every moment of a program, the first and the last ones included.

The signals come from the program itself, so that each comes at its moment.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from barkive.cli import interruption
from barkive.messages import Messages

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix"),
    pytest.mark.parametrize(
        "ending", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a cancelled job"]
    ),
]

SENTENCE = "Interrupted. Run the same command again to finish.\n"

# Does something as soon as a module is looked for; %d is the signal.
AS_A_MODULE_LOADS = """
import atexit, signal, sys, threading

class Looking:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            {what}

def interrupt():
    signal.raise_signal({number})

class Finalised:
    __del__ = lambda self: interrupt()

def interrupt_within_a_library():
    try:
        interrupt()
    except KeyboardInterrupt:
        raise ImportError("a library failed to load")

sys.meta_path.insert(0, Looking())
from barkive.cli import main
main()
"""


def test_the_sentence_is_that_of_the_messages(ending: signal.Signals) -> None:
    assert f"{interruption._SENTENCE}\n" == SENTENCE
    assert f"{Messages('en')('cli.interrupted')}\n" == SENTENCE


def run(
    *words: str, ending: signal.Signals, module: str, what: str
) -> "subprocess.CompletedProcess[str]":
    program = AS_A_MODULE_LOADS.format(module=module, what=what, number=int(ending))
    command = [sys.executable, "-c", program, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["barkive.cli.commands", "click", "barkive.cli.breeds"])
def test_while_the_commands_load(module: str, ending: signal.Signals) -> None:
    ran = run("breeds", "pug", ending=ending, module=module, what="interrupt()")
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", SENTENCE)


@pytest.mark.parametrize("module", ["barkive.breeds", "barkive.classifier", "numpy", "onnxruntime"])
def test_while_what_a_command_needs_loads(
    module: str, ending: signal.Signals, tmp_path: Path
) -> None:
    words = ("breeds", "pug") if module == "barkive.breeds" else ("identify", str(tmp_path))
    ran = run(*words, ending=ending, module=module, what="interrupt()")
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", SENTENCE)


def test_in_the_language_of_the_command(ending: signal.Signals) -> None:
    words = ("breeds", "pug", "--lang", "fr")
    ran = run(*words, ending=ending, module="barkive.breeds", what="interrupt()")
    told = "Interrompu. Relancez la même commande pour terminer.\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", told)


def test_in_a_finaliser_where_python_raises_nothing(ending: signal.Signals) -> None:
    ran = run("breeds", "pug", ending=ending, module="barkive.breeds", what="Finalised()")
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", SENTENCE)


def test_where_a_library_makes_another_error_of_it(ending: signal.Signals) -> None:
    what = "interrupt_within_a_library()"
    ran = run("breeds", "pug", ending=ending, module="barkive.breeds", what=what)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", SENTENCE)


@pytest.mark.parametrize(
    "what", ["atexit.register(interrupt)", "threading._register_atexit(interrupt)"]
)
def test_while_the_interpreter_ends(what: str, ending: signal.Signals) -> None:
    ran = run("breeds", "pug", ending=ending, module="barkive.breeds", what=what)
    assert (ran.returncode, ran.stderr) == (130, SENTENCE)
    assert "Carlin" in ran.stdout


def test_a_second_one_while_the_interpreter_ends_is_told_once(ending: signal.Signals) -> None:
    what = "atexit.register(interrupt); interrupt()"
    ran = run("breeds", "pug", ending=ending, module="barkive.breeds", what=what)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", SENTENCE)


def test_no_object_is_finalised_at_an_end_that_hears_nothing(ending: signal.Signals) -> None:
    what = "sys.kept = Finalised()"
    ran = run("breeds", "pug", ending=ending, module="barkive.breeds", what=what)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Carlin" in ran.stdout


def test_a_job_in_the_background_stays_deaf(ending: signal.Signals) -> None:
    what = "interrupt()"
    program = AS_A_MODULE_LOADS.format(module="click", what=what, number=int(ending))
    deaf = f"import signal; signal.signal({int(ending)}, signal.SIG_IGN)\n{program}"
    command = [sys.executable, "-c", deaf, "breeds", "pug"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Carlin" in ran.stdout


# Writes a line again and again, and is interrupted at one step later each time.
INTERRUPTED_AT_EACH_STEP = """
import signal, sys
from barkive.cli import standard_streams

def interrupt(number, frame):
    raise KeyboardInterrupt

signal.signal({number}, interrupt)
standard_streams.prepare(stops=False)
last = 0
while last >= 0:
    last += 1
    left = last

    def step(frame, event, argument):
        global left
        if frame.f_code.co_filename == standard_streams.__file__:
            left -= 1
            if left == 0:
                sys.settrace(None)
                signal.raise_signal({number})
        return step

    sys.settrace(step)
    try:
        sys.stderr.write(f"{{last}}\\n")
    except KeyboardInterrupt:
        continue
    finally:
        sys.settrace(None)
    last = -1
"""


def test_what_is_written_just_then_is_written_once(ending: signal.Signals) -> None:
    program = INTERRUPTED_AT_EACH_STEP.format(number=int(ending))
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = ran.stderr.splitlines()
    assert lines == sorted(set(lines), key=int)
    assert len(lines) > 1
