"""Two processes, real ones, do what one does; a process that fails or dies ends both."""

import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from barkive.cli import commands
from barkive.errors import ClusterError, DeviceError, UsageError
from barkive.training.process_group import launch, torch_device
from barkive.training.process_group.collectives import DistributedGroup, _positions, _reaching
from barkive.training.process_group.group import ProcessGroup, Shard, current_group, use_group
from barkive.training.process_group.launch import init_process_group

SCRIPT = Path(__file__).with_name("train_in_ranks.py")
SLOWLY = SCRIPT.with_name("slow_features.py")
# Seconds: what hangs fails. Long, because on a busy machine PyTorch alone loads for minutes.
LIMIT = 1800
RECIPE = """
about = "From scratch."
network = "deep-cnn"
image_size = 32
epochs = 400
batch = 8
"""


def environment(cache, **more):
    kept = {k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE")}
    return kept | {"OMP_NUM_THREADS": "1", "BARKIVE_CACHE": str(cache)} | more


def free_port():
    """A port below those that systems deal out, of which any program may get one by chance."""
    for port in range(20_000 + os.getpid() % 10_000, 32_768):
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, photo):
    """Twenty photos, three colours in turn, and a file that is none, the last by name."""
    folder = tmp_path_factory.mktemp("pictures")
    colours = [(210, 60, 60), (60, 210, 60), (60, 60, 210)]
    for i in range(20):
        photo(folder / f"{i:02}.png", colours[i % 3], i)
    (folder / "broken.jpg").write_bytes(b"no photo")
    return folder


@pytest.fixture(scope="module")
def both(pictures, tmp_path_factory):
    """What one process and what two came to."""
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BARKIVE_CACHE", str(out / "cache-one"))
        paths = sorted(str(path) for path in pictures.iterdir())
        runpy.run_path(str(SCRIPT))["work"](paths, out / "one")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    ran = subprocess.run(
        [*launcher, SCRIPT, pictures, out / "two"],
        env=environment(out / "cache-two"),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "done\n"  # the first process alone gets so far
    return [torch.load(out / name, weights_only=True) for name in ("one", "two")]


def largest_difference(one, other):
    assert one.keys() == other.keys()
    return max((one[name] - other[name]).abs().max().item() for name in one)


def test_two_processes_train_what_one_trains(both):
    one, two = both
    assert (one["processes"], two["processes"]) == (1, 2)
    # Float sums in another order; dropout, augmentation and batches are the same.
    assert largest_difference(one["weights"], two["weights"]) < 1e-5
    assert (one["logits"] - two["logits"]).abs().max() < 1e-5
    for a, b in zip(one["history"], two["history"], strict=True):
        for loss in ("train_loss", "validation_loss"):
            assert a[loss] == pytest.approx(b[loss], abs=1e-5)
        for accuracy in ("train_accuracy", "validation_accuracy"):
            assert a[accuracy] == b[accuracy]
    assert one["told"] == two["told"]
    assert two["told"][:4] == [(4, 52), (8, 52), (12, 52), (13, 52)]


def test_two_processes_train_in_bfloat16_what_one_trains_but_for_its_rounding(both):
    one, two = (came["in bfloat16"] for came in both)
    if one is None:
        pytest.skip("the processor does not compute in bfloat16")
    # Of 8 significant bits; a row's gradients are rounded with the others of its process.
    assert 0 < largest_difference(one[0], two[0]) < 0.05
    assert (one[1] - two[1]).abs().max() < 0.1


def test_an_interrupted_training_of_two_processes_ends_as_one_that_was_not(both):
    for came in both:
        assert largest_difference(came["resumed"], came["weights"]) == 0
        assert came["resumed history"] == came["history"]


def test_what_fails_in_the_second_process_is_told_by_the_first(both):
    one, two = both
    assert one["errors"] == ("", "")
    assert two["errors"] == (
        "The photo of the second process is gone.",
        "The cache of the second process is full.",
    )


def test_features_of_two_processes_are_the_same_to_the_byte(both):
    one, two = both
    for what in ("rows", "hashes", "kept", "failed"):
        assert one[what] == two[what]
    assert two["kept"] == list(range(20))
    assert len(two["failed"]) == 1


def test_where_the_time_goes_is_told_of_both(both):
    (_, alone), (waited, exchanged) = (came["shares"] for came in both)
    assert alone < 0.1
    assert 0 < waited < 1
    assert 0 < exchanged < 1


def test_a_process_that_is_killed_ends_the_other_and_nothing_is_lost(pictures, tmp_path, photo):
    for i, colour in enumerate([(210, 60, 60), (60, 60, 210)]):
        for j in range(8):
            photo(tmp_path / "dogs" / f"breed {i}" / f"{j}.png", colour, 10 * i + j)
    (tmp_path / "long.toml").write_text(RECIPE)
    command = ["study", "dogs", "--recipe", "long.toml", "--out", "out"]
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    first, second = (
        subprocess.Popen(
            [sys.executable, "-m", "barkive", *command],
            env=environment(tmp_path / "cache", RANK=str(rank), **place),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    )
    try:
        end = time.monotonic() + LIMIT
        while not [*tmp_path.glob("out/long/checkpoint-*.pt")] and time.monotonic() < end:
            time.sleep(0.05)
        second.kill()
        out, err = first.communicate(timeout=LIMIT)
    finally:
        first.kill()
    assert second.communicate() == ("", "")
    assert first.returncode == 2
    assert out == ""
    assert re.fullmatch(
        r"Error: Another process of the training has ended, or can't be reached any more \(.*[Cc]on"
        r"nection.*\); run the same command again, it goes on where it was\.",
        err.splitlines()[-1],
    )
    assert sum(line.startswith("Error") for line in err.splitlines()) == 1
    assert len([*tmp_path.glob("out/long/checkpoint-*.pt")]) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_processes_keep_the_features_that_they_have(pictures, tmp_path, how):
    begun = tmp_path / "begun"
    begun.mkdir()
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    with subprocess.Popen(
        [*launcher, SLOWLY, pictures, begun],
        env=environment(tmp_path / "cache"),
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as run:
        try:
            end = time.monotonic() + LIMIT
            while len([*begun.iterdir()]) < 2 and time.monotonic() < end:
                time.sleep(0.05)
            run.send_signal(how)
            run.wait(LIMIT)
        finally:
            run.kill()
    shards = [*tmp_path.glob("cache/features/*/*.npz")]
    assert len(shards) == 2
    # Neither has gone on to the end of its ten photos.
    assert max(len(np.load(shard)["features"]) for shard in shards) < 10


# Alone.


def test_a_process_that_nobody_launched_is_alone(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with init_process_group():
        assert current_group().world_size == 1
        assert current_group().threads == 0
        assert current_group().gather(5) == [5]
        assert current_group().map_blocks(
            lambda items, _: [2 * i for i in items], [1, 2], print, block=1
        ) == [*(2, 4)]


def test_a_launcher_of_one_process_is_as_none(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    with init_process_group():
        assert current_group().world_size == 1


@pytest.mark.parametrize(("rank", "size"), [("2", "2"), ("x", "2"), ("-1", "2"), ("0", "two")])
def test_a_place_that_is_none_is_told(monkeypatch, rank, size):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", size)
    with (
        pytest.raises(UsageError, match=f"RANK is “{rank}” and WORLD_SIZE “{size}”"),
        init_process_group(),
    ):
        pass


def test_a_missing_address_is_told(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with (
        pytest.raises(UsageError, match="WORLD_SIZE is 2, and MASTER_ADDR is not set"),
        init_process_group(),
    ):
        pass


def test_processes_that_do_not_come_are_told(monkeypatch):
    port = free_port()
    for name, value in (("RANK", 0), ("WORLD_SIZE", 2), ("MASTER_PORT", port)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setattr(launch, "_RENDEZVOUS_TIMEOUT", timedelta(seconds=1))
    told = f"The 2 processes of the training did not meet at 127.0.0.1:{port} within 1 seconds"
    with pytest.raises(ClusterError, match=told), init_process_group():
        pass


def test_a_pytorch_without_processes_is_told(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", "1")
    monkeypatch.setattr(dist, "is_available", lambda: False)
    with pytest.raises(UsageError, match="can't train in several processes"), init_process_group():
        pass


@pytest.mark.parametrize("size", ["2", "1", None])
def test_wrong_usage_is_told_by_the_first_process_only(monkeypatch, capfd, size):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    if size is not None:
        monkeypatch.setenv("WORLD_SIZE", size)
    for rank in ("1", "0"):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setattr(sys, "argv", ["barkive", "train", "--bogus"])
        monkeypatch.setattr(sys, "stdout", sys.__stdout__)
        monkeypatch.setattr(sys, "stderr", sys.__stderr__)
        with pytest.raises(SystemExit, match="2"):
            commands.run()
        silent = (rank, size) == ("1", "2")
        if silent:
            sys.stdout.close()
        said = capfd.readouterr()
        assert said.out == ""
        assert ("No such option '--bogus'" in said.err) != silent


# What goes wrong.


def first_of_two():
    return DistributedGroup(Shard(0, 2), None, 1)


def test_memory_that_is_too_small_is_no_process_that_is_gone():
    with pytest.raises(torch.OutOfMemoryError), _reaching():
        raise torch.OutOfMemoryError("CUDA out of memory.")
    told = r"can't be reached any more \(Connection closed\); run the same command again"
    with pytest.raises(ClusterError, match=told), _reaching():
        raise RuntimeError("Connection closed\nby whom?")


@pytest.mark.parametrize(
    ("memory", "fail"),
    [
        ("GPU", lambda: raises(torch.OutOfMemoryError("CUDA out of memory."))),
        ("main", lambda: raises(MemoryError())),
        ("main", lambda: torch.empty(2**60, dtype=torch.uint8)),
    ],
)
def test_the_memory_that_is_too_small_is_named(memory, fail):
    told = f"The {memory} memory is too small for this training; set a smaller batch"
    with pytest.raises(DeviceError, match=told), torch_device.memory_errors():
        fail()


def test_other_errors_are_what_they_are():
    with pytest.raises(RuntimeError, match="shapes"), torch_device.memory_errors():
        raise RuntimeError("The shapes don't fit.")


def raises(error):
    raise error


def test_an_error_that_the_others_do_not_know_of_ends_the_group(monkeypatch):
    group = first_of_two()
    monkeypatch.setattr(group, "_broadcast", lambda content: None)
    monkeypatch.setattr(group, "barrier", nullcontext)
    told = r"^Process 1 of 2 has failed \(ValueError: a bug\)\.$"
    with pytest.raises(ClusterError, match=told), group.on_all_ranks(print):
        raise ValueError("a bug")


@pytest.mark.parametrize("form", [torch.contiguous_format, torch.channels_last])
def test_gradients_lie_in_one_piece_in_the_form_of_their_weights(form):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.Flatten())
    network.to(memory_format=form)
    weights = [*network.parameters()]
    flat = first_of_two().flat_gradients(weights)
    assert flat.tolist() == [0.0] * 56
    assert [p.grad.stride() for p in weights] == [p.stride() for p in weights]
    network(torch.ones(1, 3, 4, 4)).sum().backward()
    # Each weight sees four ones, and each bias four places.
    assert flat.tolist() == [4.0] * 56
    flat.fill_(1.0)
    assert all((p.grad == 1).all() for p in weights)


# Shares.


def test_rows_of_all_processes_are_the_batch():
    shares = [Shard(rank, 3) for rank in range(3)]
    assert [share.rows(7) for share in shares] == [slice(0, 2), slice(2, 4), slice(4, 7)]
    assert [share.rows(1) for share in shares] == [slice(0, 0), slice(0, 0), slice(0, 1)]
    assert Shard().rows(7) == slice(0, 7)


def test_blocks_are_dealt_out_by_turns_and_stay_whole():
    assert _positions(11, 2, Shard(0, 2)) == [0, 1, 4, 5, 8, 9]
    assert _positions(11, 2, Shard(1, 2)) == [2, 3, 6, 7, 10]
    assert _positions(2, 2, Shard(1, 2)) == []


# GPUs, of which this machine may have none.


class Fake(ProcessGroup):
    """The second of two processes on one machine; the other has no GPU, or has one."""

    shard = Shard(1, 2)
    local_world_size = 2

    def __init__(self, others):
        self.others = others
        self.exchanged = False

    def barrier(self):
        return nullcontext()

    def gather(self, value):
        return [*self.others, value]

    def use_nccl(self):
        self.exchanged = True


@pytest.fixture
def gpus(monkeypatch):
    """A machine of so many GPUs; gives the list of those that were taken."""

    @contextmanager
    def make(count, others):
        taken = []
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "set_device", taken.append)
        monkeypatch.setenv("LOCAL_RANK", "1")
        fake = Fake(others)
        with use_group(fake):
            yield fake, taken

    return make


def test_each_process_takes_the_gpu_of_its_own(gpus):
    with gpus(2, others=[True]) as (fake, taken):
        torch_device.set_device()
    assert taken == [1]
    assert fake.exchanged


def test_too_few_gpus_are_told(gpus):
    told = "a machine has 2 processes and 1 GPUs; start one process a GPU"
    with gpus(1, others=[True]) as (_, taken), pytest.raises(UsageError, match=told):
        torch_device.set_device()
    assert taken == []


def test_gpus_on_some_machines_only_are_told(gpus):
    told = "1 of 2 processes have a GPU"
    with gpus(0, others=[True]) as _, pytest.raises(UsageError, match=told):
        torch_device.set_device()


def test_without_gpus_gradients_go_through_main_memory(gpus):
    with gpus(0, others=[False]) as (fake, taken):
        torch_device.set_device()
    assert taken == []
    assert not fake.exchanged


@pytest.mark.parametrize("there", [True, False])
def test_gradients_go_by_nccl_where_it_is(monkeypatch, there):
    class Made:
        pass

    made, asked = Made(), []
    monkeypatch.setattr(dist, "ProcessGroup", Made)
    monkeypatch.setattr(dist, "is_nccl_available", lambda: there)
    monkeypatch.setattr(dist, "new_group", lambda backend: asked.append(backend) or made)
    group = first_of_two()
    group.use_nccl()
    assert asked == (["nccl"] if there else [])
    assert group._nccl is (made if there else None)
