"""Where networks are trained, and the sentence where memory is too small for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from barkive.errors import DeviceError, UsageError
from barkive.training.process_group.group import group


def device() -> torch.device:
    """Where networks are trained: the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def take_device() -> None:
    """Takes the GPU of this process, where there is one for each on this machine.

    Raises:
        UsageError: There are too few, or not on every machine.
    """
    several = group()
    has_gpu = torch.cuda.is_available()
    with several.agreed():
        if has_gpu:
            there = torch.cuda.device_count()
            if there < several.beside:
                raise UsageError(
                    f"Each process needs a GPU of its own, and a machine has {several.beside} "
                    f"processes and {there} GPUs; start one process a GPU, or hide the GPUs with "
                    "CUDA_VISIBLE_DEVICES=''."
                )
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", several.share.rank)))
    having = several.gather(has_gpu)
    with several.agreed():
        if len(set(having)) > 1:
            raise UsageError(
                f"{sum(having)} of {len(having)} processes have a GPU; take machines that are "
                "alike, or hide the GPUs with CUDA_VISIBLE_DEVICES=''."
            )
    if has_gpu:
        several.exchange_on_gpus()


@contextmanager
def enough_memory() -> Iterator[None]:
    """Names the memory that a training needs more of than there is.

    Raises:
        DeviceError: Instead of what PyTorch and Python raise then.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        on_gpu = isinstance(error, torch.OutOfMemoryError)
        # For main memory PyTorch has no error of its own.
        if not (on_gpu or isinstance(error, MemoryError) or "can't allocate memory" in str(error)):
            raise
        raise DeviceError(
            f"The {'GPU' if on_gpu else 'main'} memory is too small for this training; set a "
            "smaller batch in the recipe, or a smaller image_size."
        ) from None
