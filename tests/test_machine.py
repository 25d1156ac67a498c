"""What a process may use of the machine, as the kernel's control groups say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from barkive import machine

MB = 2**20


def control_groups(folder: Path, lists: str, files: dict[str, str]) -> tuple[Path, Path]:
    """The kernel's list of groups, and where they are mounted."""
    groups, root = folder / "groups", folder / "fs"
    groups.write_text(lists)
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return groups, root


@pytest.mark.parametrize(
    ("lists", "files", "limits"),
    [
        ("0::/\n", {"memory.max": "2000\n"}, [2000]),
        # In a container the list may tell the host's name of the group.
        ("0::/docker/f00\n", {"memory.max": "2000\n"}, [2000]),
        ("0::/a/b\n", {"a/b/memory.max": "max\n", "a/memory.max": "3000\n"}, [3000]),
        (
            "12:cpu,cpuacct:/a\n7:memory:/a\n0::/\n",
            {"memory/a/memory.limit_in_bytes": "4000", "memory/memory.limit_in_bytes": "9000"},
            [4000, 9000],
        ),
        ("", {}, []),
    ],
)
def test_memory_limits_of_containers(
    lists: str, files: dict[str, str], limits: list[int], tmp_path: Path
) -> None:
    assert list(machine._memory_limits(*control_groups(tmp_path, lists, files))) == limits


@pytest.mark.parametrize(
    ("lists", "files", "quotas"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, [1.5]),
        ("0::/docker/f00\n", {"cpu.max": "200000 100000\n"}, [2.0]),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "50000 100000\n"}, [0.5]),
        (
            "12:cpu,cpuacct:/a\n7:memory:/a\n0::/\n",
            {
                "cpu/a/cpu.cfs_quota_us": "300000",
                "cpu/a/cpu.cfs_period_us": "100000",
                "cpu/cpu.cfs_quota_us": "-1",
                "cpu/cpu.cfs_period_us": "100000",
            },
            [3.0],
        ),
        # Nested groups: each has a say. Here the controllers share a folder without links.
        (
            "4:cpu,cpuacct:/docker/f00/worker\n",
            {
                "cpu,cpuacct/docker/f00/worker/cpu.cfs_quota_us": "-1",
                "cpu,cpuacct/docker/f00/worker/cpu.cfs_period_us": "100000",
                "cpu,cpuacct/docker/f00/cpu.cfs_quota_us": "250000",
                "cpu,cpuacct/docker/f00/cpu.cfs_period_us": "100000",
                "cpu,cpuacct/docker/cpu.cfs_quota_us": "800000",
                "cpu,cpuacct/docker/cpu.cfs_period_us": "100000",
            },
            [2.5, 8.0],
        ),
        (
            "0::/system.slice/docker-f00.scope/init\n",
            {
                "system.slice/docker-f00.scope/init/cpu.max": "max 100000\n",
                "system.slice/docker-f00.scope/cpu.max": "120000 100000\n",
                "system.slice/cpu.max": "40000 20000\n",
            },
            [1.2, 2.0],
        ),
        # Seen from inside of a namespace, the group may lie beside its root.
        ("0::/../worker\n", {"cpu.max": "300000 100000\n"}, [3.0]),
        ("0::/\n", {"cpu.max": "odd\n"}, []),
        ("", {}, []),
    ],
)
def test_processor_quotas_of_containers(
    lists: str, files: dict[str, str], quotas: list[float], tmp_path: Path
) -> None:
    assert list(machine._quotas(*control_groups(tmp_path, lists, files))) == quotas


def test_where_there_are_no_groups(tmp_path: Path) -> None:
    assert list(machine._memory_limits(tmp_path / "none", tmp_path)) == []
    assert list(machine._quotas(tmp_path / "none", tmp_path)) == []


@pytest.mark.parametrize(
    ("bound", "quota", "cores"),
    [(8, "max", 8), (8, "150000", 2), (1, "400000", 1), (8, "1000", 1)],
)
def test_cores_are_the_fewest_of_what_is_allowed(
    bound: int, quota: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups, root = control_groups(tmp_path, "0::/\n", {"cpu.max": f"{quota} 100000\n"})
    monkeypatch.setattr(machine, "_GROUPS", groups)
    monkeypatch.setattr(machine, "_MOUNTED", root)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(bound)), raising=False)
    assert machine.cores() == cores


def test_this_machine_has_some() -> None:
    assert machine.memory() > 64 * MB
    assert machine.cores() >= 1
