"""All recipes, one after the other: what is done is skipped, what can't be run is named."""

import csv
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from barkive.errors import ClusterError, DataError, DeviceError, UsageError
from barkive.progress import no_progress
from barkive.training.process_group.group import (
    SINGLE_PROCESS,
    ProcessGroup,
    RemoteRankError,
    Shard,
    use_group,
)
from barkive.training.study import run_recipes as runner
from barkive.training.study.job import Study
from barkive.training.study.result import Result, write_result
from barkive.training.study.run_recipes import run_all
from barkive.training.study.study_recipe import NAMES

LEADERBOARD = ["leaderboard.csv", "leaderboard.json", "leaderboard.png", "results.md"]
SMALL = 'about = "From scratch."\nnetwork = "simple-cnn"\nimage_size = 32\nepochs = 1\n'
SECOND = f"{SMALL}draw = 1\n"
HEAD = 'about = "A head."\nnetwork = "mobilenetv2_100"\nimage_size = 32\n'
WORDS = 'about = "Messages."\nkind = "words"\n'


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def study(dogs, weights, tmp_path):
    return Study(dogs, tmp_path / "out", weights)


@pytest.fixture
def run(study):
    """Runs in this process what would be run in one of its own; gives what was said as well."""

    def run(names, **given):
        said = []
        results, missing = run_all(study, no_progress, said.append, names=names, **given)
        return results, missing, said

    return run


@pytest.fixture
def here(monkeypatch):
    """The recipes that were run, in this process, each with a made-up result."""
    ran = []

    def made_up(job):
        ran.append(job.name)
        result = Result(job.name, job.recipe.about, job.digest(), 0, 3, (12, 3, 3), 0)
        runner.evaluation.prepare_report(job.folder)
        write_result(job.folder, result)
        return result

    monkeypatch.setattr(runner, "_run_in_subprocess", made_up)
    return ran


def test_for_real_in_processes_of_their_own(study, write, capfd, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    log = partial(print, "said:", flush=True)
    names = [write("small", SMALL), write("second", SECOND), write("head", HEAD)]
    results, missing = run_all(study, no_progress, log, names=names)
    assert [result.recipe for result in results] == ["small"]
    assert list(missing) == ["head", "second"]
    assert "don't fit mobilenetv2_100" in missing["head"]
    assert missing["second"].startswith("Draw 1 of 20 breeds needs 40 breeds, and there are 3;")
    assert sorted(path.name for path in study.out.iterdir()) == sorted(
        [*LEADERBOARD, "small"],
    )
    assert results[0].memory > 2**20
    with (study.out / "leaderboard.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["recipe"] == "small"
    assert float(row["accuracy"]) == results[0].accuracy
    assert (float(row["low"]), float(row["high"])) == results[0].interval
    assert (row["train_photos"], row["validation_photos"], row["test_photos"]) == ("12", "3", "3")
    told = json.loads((study.out / "leaderboard.json").read_text())
    assert told["not_measured"] == missing
    assert told["results"] == [json.loads((study.out / "small" / "result.json").read_text())]
    report = (study.out / "results.md").read_text()
    assert "![small](small/curves.png)" in report
    assert "| head | – | not measured | – |" in report
    said = capfd.readouterr().out.splitlines()
    # What can't be had is told before any work begins.
    assert said[0].startswith("said: head will not be measured. The weights in ")
    assert said[1] == "said: small: From scratch."
    assert any(line.startswith("said: 18 photos of 3 breeds: 12 to train on") for line in said)
    assert said[-1].startswith("said: second is not measured. Draw 1")

    monkeypatch.setattr(runner, "_run_in_subprocess", lambda job: "run again")
    again, missing = run_all(study, no_progress, log, names=names)
    assert again == results
    assert missing["second"] == "run again"
    said = capfd.readouterr().out
    assert f"small is done already; to run it again, remove {study.out / 'small'}." in said


def test_weights_without_a_classifier_stop_only_the_heads_that_take_it(run, write, here):
    text = 'about = "A head."\nnetwork = "test_resnet"\nimage_size = 32\nsolver = "lbfgs"\n'
    names = [write("anew", text), write("own", f'{text}head = "own"\n')]
    _, missing, _ = run(names)
    assert here == ["anew"]
    assert list(missing) == ["own"]
    assert "test_resnet.pt brings no classifier of its own." in missing["own"]


def test_a_precision_holds_for_the_recipes_that_train_in_epochs(study, write, monkeypatch):
    seen = {}

    def noted(job):
        seen[job.name] = job.recipe.precision
        return "noted"

    monkeypatch.setattr(runner, "_run_in_subprocess", noted)
    names = [write("small", SMALL), write("words", WORDS)]
    run_all(study, no_progress, [].append, names=names, precision="float32")
    assert seen == {"small": "float32", "words": "auto"}


def test_what_is_done_stays_on_the_leaderboard_while_others_run(
    run, study, write, here, monkeypatch
):
    names = [write("one", SMALL), write("two", SMALL)]
    assert [result.recipe for result in run(names)[0]] == ["one", "two"]
    (study.out / "one" / "result.json").unlink()
    made_up = runner._run_in_subprocess

    def interrupted(job):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "_run_in_subprocess", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(names)
    told = json.loads((study.out / "leaderboard.json").read_text())
    assert [result["recipe"] for result in told["results"]] == ["two"]
    assert "**one.** Not run yet." in (study.out / "results.md").read_text()
    monkeypatch.setattr(runner, "_run_in_subprocess", made_up)
    results, _, said = run(names)
    assert here == ["one", "two", "one"]
    assert [result.recipe for result in results] == ["one", "two"]
    assert said[0].startswith("two is done already")


def test_where_nothing_can_be_run_there_is_a_report_all_the_same(run, study, write):
    results, missing, _ = run([write("head", HEAD)])
    assert results == []
    assert list(missing) == ["head"]
    assert sorted(path.name for path in study.out.iterdir()) == [
        *("leaderboard.csv", "leaderboard.json", "results.md"),
    ]
    (header,) = (study.out / "leaderboard.csv").read_text().splitlines()
    assert header.startswith("recipe,about,seed,breeds,unreadable,parameters,")
    assert header.endswith(",machine,low,high,train_photos,validation_photos,test_photos")


def test_the_studys_own_recipes_on_a_few_breeds_lack_only_what_they_must(run, here):
    results, missing, _ = run(NAMES)
    scratch = [
        name
        for name in NAMES
        if name.startswith(("simple-cnn", "deep-cnn")) or name == "sift-words"
    ]
    assert [result.recipe for result in results] == scratch
    assert list(missing) == [name for name in NAMES if name not in scratch]


class Two(ProcessGroup):
    shard = Shard(0, 2)


def test_processes_that_train_together_run_the_recipes_themselves(run, write, monkeypatch):
    monkeypatch.setattr(runner, "_run_in_subprocess", None)
    monkeypatch.setattr(runner, "run_recipe", _refuses)
    names = [write("small", SMALL), write("second", SMALL)]
    with use_group(Two()):
        assert run(names)[1] == dict.fromkeys(("small", "second"), "Too few photos.")
        monkeypatch.setattr(runner, "run_recipe", _breaks)
        with pytest.raises(UsageError, match="No room"):
            run(names)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("a bug"), "It failed with the error above; please report that."),
        (DeviceError("verbatim", sentence="It is too small."), "It is too small."),
        (RemoteRankError("verbatim", sentence="Rank 2 failed."), "Rank 2 failed."),
    ],
)
def test_what_fails_in_processes_that_train_together_is_one_recipe(
    run, write, monkeypatch, capsys, error, said
):
    def fails(job):
        raise error

    monkeypatch.setattr(runner, "run_recipe", fails)
    names = [write("small", SMALL), write("second", SMALL)]
    with use_group(Two()):
        assert run(names)[1] == dict.fromkeys(("small", "second"), said)
    assert ("ValueError: a bug" in capsys.readouterr().err) == isinstance(error, ValueError)


def test_processes_that_are_no_group_any_more_end_the_whole(run, write, monkeypatch):
    def fails(job):
        raise ClusterError("verbatim", sentence="Another process has ended.")

    monkeypatch.setattr(runner, "run_recipe", fails)
    with use_group(Two()), pytest.raises(UsageError, match="Another process has ended"):
        run([write("small", SMALL)])


@pytest.mark.parametrize(("group", "told"), [(SINGLE_PROCESS, True), (Two(), False)])
def test_the_memory_of_all_recipes_is_none_of_one(study, run, write, monkeypatch, group, told):
    def made_up(job, backbone):
        study.out.joinpath("small").mkdir(parents=True, exist_ok=True)
        return Result(job.name, job.recipe.about, job.digest(), 0, 3, (12, 3, 3), 0)

    monkeypatch.setitem(runner._RUN, "network", made_up)
    monkeypatch.setattr(runner, "_run_in_subprocess", runner._caught)
    with use_group(group):
        ((result,), _, _) = run([write("small", SMALL)])
    assert (result.memory is not None) == told


def _refuses(job):
    raise DataError("verbatim", sentence="Too few photos.")


def _breaks(job):
    raise UsageError("verbatim", sentence="No room.")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_a_process_that_is_killed_is_one_recipe_not_measured(run, write):
    ended = threading.Event()

    def kill():
        while not ended.wait(0.05):
            for child in multiprocessing.active_children():
                os.kill(child.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        results, missing, _ = run([write("small", SMALL)])
    finally:
        ended.set()
        killer.join()
    assert results == []
    assert missing == {
        "small": "Its process was ended from outside, most likely for want of memory."
    }


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_ctrl_c_ends_the_recipes_process_at_once(study, write, monkeypatch):
    main, started = threading.get_ident(), threading.Event()
    heard = signal.getsignal(signal.SIGINT)

    def interrupt():
        # While the process is being started, Ctrl-C is not heard.
        while not multiprocessing.active_children() or signal.getsignal(signal.SIGINT) != heard:
            time.sleep(0.01)
        started.set()
        signal.pthread_kill(main, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        run_all(study, no_progress, [].append, names=[write("small", SMALL)])
    interrupter.join()
    assert started.is_set()
    assert multiprocessing.active_children() == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_of_barkives_own_is_told_apart_from_a_want_of_memory(run, write, monkeypatch):
    # What can't be sent to the process fails in it.
    monkeypatch.setattr(runner, "_run", _fails)
    _, missing, _ = run([write("small", SMALL)])
    assert missing == {"small": "It failed with the error above; please report that."}


def _fails(job, answers):
    sys.exit(1)


def test_faults_of_usage_end_the_whole(study, write, tmp_path):
    def start(one, *names):
        return run_all(one, no_progress, [].append, names=names)

    with pytest.raises(UsageError, match="no recipe “nothing”"):
        start(study, "nothing")
    with pytest.raises(DataError, match="nowhere does not exist"):
        start(Study(tmp_path / "nowhere", study.out), write("small", SMALL))
    with pytest.raises(UsageError, match="none do not exist; check --backbone-weights"):
        start(Study(study.data, study.out, tmp_path / "none"), write("head", HEAD))
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"file can't be made: it is a file"):
        start(Study(study.data, tmp_path / "file", study.weights), write("small", SMALL))


PATIENCE = 60  # seconds; what hangs fails

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")


def _study(dogs, out):
    program = (
        "from barkive.training.study import study_recipe; study_recipe.NAMES = ('deep-cnn',); "
        "from barkive.cli import main; main()"
    )
    command = [
        *(sys.executable, "-c", program, "study", str(dogs), "--recipe", "all"),
        *("--out", str(out)),
    ]
    return subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.fixture
def training(dogs, tmp_path):
    """A study whose only recipe is being trained, and the process of that recipe."""
    with _study(dogs, tmp_path / "out") as process:
        try:
            for line in process.stderr:
                if b"The loader gives" in line:
                    raise AssertionError("the training was over before it could be interrupted")
                if b"decoded photos are kept" in line:
                    break
            yield process, _worker(process.pid)
        finally:
            process.kill()


def _worker(pid):
    """The process that was started by another to run a recipe."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    (worker,) = [
        child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return int(worker)


def _ended(pid):
    """Whether a process ends; one that is dead but not yet fetched counts."""
    status = Path(f"/proc/{pid}/stat")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if status.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@needs_proc
@pytest.mark.parametrize("whole_group", [True, False])
def test_an_interrupted_study_says_so_and_leaves_no_result(training, tmp_path, whole_group):
    process, worker = training
    # Ctrl-C reaches all processes of the terminal; `kill -INT` only one.
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
    told = process.stderr.read().decode()
    assert process.wait(PATIENCE) == 130
    assert told == "Interrupted. Run the same command again to finish.\n"
    assert _ended(worker)
    assert not (tmp_path / "out" / "deep-cnn" / "result.json").exists()
    assert (tmp_path / "out" / "results.md").exists()


@needs_proc
@pytest.mark.parametrize(("how", "status"), [(signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_the_process_of_a_recipe_ends_with_its_parent(training, how, status):
    process, worker = training
    process.send_signal(how)
    assert process.wait(PATIENCE) == status
    assert _ended(worker)
