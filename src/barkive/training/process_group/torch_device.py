"""The device that networks are trained on, and the error where its memory is too small."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from barkive.errors import DeviceError, UsageError
from barkive.training.process_group.group import current_group


def device() -> torch.device:
    """Where networks are trained: the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def set_device() -> None:
    """Takes the GPU of this rank, where there is one for each on this machine.

    Raises:
        UsageError: There are too few, or not on every machine.
    """
    group = current_group()
    has_gpu = torch.cuda.is_available()
    with group.barrier():
        if has_gpu:
            there = torch.cuda.device_count()
            if there < group.local_world_size:
                raise UsageError(
                    "processes_too_few_gpus", count=group.local_world_size, gpu_count=there
                )
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", group.rank)))
    having = group.gather(has_gpu)
    with group.barrier():
        if len(set(having)) > 1:
            raise UsageError("processes_gpus_uneven", with_gpu=sum(having), count=len(having))
    if has_gpu:
        group.use_nccl()


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turns what PyTorch and Python raise without enough memory into an error of Barkive's own.

    Raises:
        DeviceError: It names the memory that is too small.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        on_gpu = isinstance(error, torch.OutOfMemoryError)
        # For main memory PyTorch has no error of its own.
        if not (on_gpu or isinstance(error, MemoryError) or "can't allocate memory" in str(error)):
            raise
        kind = "device_gpu_memory_too_small" if on_gpu else "device_main_memory_too_small"
        raise DeviceError(kind) from None
