"""Whether several processes train what one trains, and how weights in channels-last order do.

    python benchmarks/training_processes.py STANFORD-DOGS WEIGHTS [--processes 2] [--breeds 4]

STANFORD-DOGS is a folder of breeds; WEIGHTS are those of `mobilenetv2_100.tf_in1k`. Runs two
recipes of the study, a head with augmentation and dropout and a fine-tuning from block 4.1
on, in one process and by `torchrun`, each with an empty cache, and prints for both

    weights   the largest difference between two weights of the bundles, and the largest weight
    logits    the same of the logits of 64 photos
    accuracy  on the test photos, of one and of several
    rate      photos trained on a second, and what limited

and then the seconds of a training step of the whole network, the least of ROUNDS by turns,
with weights in PyTorch's own order and channels last. Five minutes on two quiet cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from barkive.evaluation import read_samples
from barkive.images import Preprocessing
from barkive.training import onnx_export
from barkive.training.allocator import keep_freed_memory
from barkive.training.backbones import load_backbone
from barkive.training.freezing import train_from
from barkive.training.networks import transfer
from barkive.training.precision import autocast
from barkive.training.throughput import describe_bottleneck

PHOTOS, ROUNDS = 64, 8
RECIPES = {
    "head": "augmentation = 1.0\ndropout = 0.5\nepochs = 3\n",
    "finetuned": 'train_from = "blocks.4.1.conv_dw"\nlearning_rate = 0.0001\n'
    "augmentation = 1.0\ndropout = 0.5\nepochs = 3\n",
}


def run(recipe: Path, out: Path, options: argparse.Namespace, processes: int) -> None:
    """Runs a recipe in so many processes."""
    command = ["-m", "barkive", "study", str(options.data), "--recipe", str(recipe)]
    command += ["--out", str(out), "--backbone-weights", str(options.weights)]
    if processes > 1:
        launcher = ["-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
        command = [*launcher, "--standalone", *command]
    with tempfile.TemporaryDirectory() as cache:
        subprocess.run(
            [sys.executable, *command],
            env=os.environ | {"BARKIVE_CACHE": cache},
            check=True,
            stdout=subprocess.DEVNULL,
        )


def weights_of(bundle: Path) -> dict[str, NDArray[np.float32]]:
    """The weights of a bundle by name."""
    graph = onnx.load(bundle).graph
    return {one.name: numpy_helper.to_array(one) for one in graph.initializer}


def logits_of(bundle: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The logits that a bundle gives."""
    found = onnx_export.session(onnx.load(bundle)).run(["logits"], {"pixels": pixels})
    return np.asarray(found[0])


def compare(name: str, options: argparse.Namespace, folder: Path) -> None:
    """Runs a recipe both ways, and prints how the results differ."""
    recipe = folder / f"{name}.toml"
    recipe.write_text(f'about = "Benchmark."\nbreeds = {options.breeds}\n{RECIPES[name]}')
    outs = []
    for processes in (1, options.processes):
        run(recipe, folder / str(processes), options, processes)
        outs.append(folder / str(processes) / name)
    one, several = (weights_of(out / "model.onnx") for out in outs)
    floats = [key for key, value in one.items() if value.dtype == np.float32 and "dog" not in key]
    apart = max(float(np.abs(one[key] - several[key]).max()) for key in floats)
    largest = max(float(np.abs(one[key]).max()) for key in floats)
    samples = read_samples(options.data).paths
    load = load_pixels(samples[:: len(samples) // PHOTOS][:PHOTOS])
    first, second = (logits_of(out / "model.onnx", load) for out in outs)
    results = [json.loads((out / "result.json").read_text()) for out in outs]
    print(f"{name}: weights {apart:.2g} apart, the largest {largest:.2g}")
    print(
        f"{name}: logits {np.abs(first - second).max():.2g} apart, the largest "
        f"{np.abs(first).max():.3g}; the same breed on "
        f"{(first.argmax(1) == second.argmax(1)).sum()} of {len(first)} photos"
    )
    for result in results:
        limits = describe_bottleneck(
            result["loader_rate"], result["rate"], result["waited"], result["exchanged"]
        )
        print(
            f"{name}, {result['processes']} process(es): {result['accuracy']:.1%} right; "
            f"{result['rate']:.0f} photos a second. {limits}"
        )


def load_pixels(paths: list[str] | tuple[str, ...]) -> NDArray[np.uint8]:
    """Photos as the network takes them."""
    return np.stack([Preprocessing(224).load(path) for path in paths])


def layouts(options: argparse.Namespace) -> None:
    """Prints how long a step takes with the weights in one order and in the other."""
    pixels = torch.from_numpy(load_pixels(read_samples(options.data).paths[:32]))
    truth = torch.arange(len(pixels)) % 20
    forms: dict[str, tuple[nn.Module, torch.optim.Optimizer, list[float]]] = {}
    for name, form in (
        ("PyTorch's own order", torch.contiguous_format),
        ("channels last", torch.channels_last),
    ):
        network = transfer(load_backbone("mobilenetv2_100", options.weights), 20)
        train_from(network, "all")
        network.to(memory_format=form)
        forms[name] = (network, torch.optim.AdamW(network.parameters(), lr=1e-5, fused=True), [])
    keep_freed_memory()
    for _ in range(ROUNDS):
        for module, optimiser, seconds in forms.values():
            start = time.perf_counter()
            with autocast("auto", torch.device("cpu")):
                logits = module(pixels)
            optimiser.zero_grad()
            nn.functional.cross_entropy(logits.float(), truth).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            seconds.append(time.perf_counter() - start)
    for name, (_, _, seconds) in forms.items():
        print(f"{name}: {min(seconds):.2f} s a step of {len(pixels)} photos")


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--breeds", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in RECIPES:
            compare(name, options, Path(folder))
    layouts(options)


if __name__ == "__main__":
    main()
