"""Files that replace others: whole, and as open as those were."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from struct import pack

import pytest

from barkive import atomic
from barkive.atomic import begin, replacing, rewriting

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners and modes are those of POSIX")
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to another user")
_ACL = "system.posix_acl_access"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def acl(mask: int, other: int) -> bytes:
    """An ACL that lets its owner and the user 1234 write, as Linux keeps it.

    See https://github.com/torvalds/linux/blob/master/include/uapi/linux/posix_acl_xattr.h.
    """
    nobody = 0xFFFFFFFF
    rows = [(1, 6, nobody), (2, 6, 1234), (4, 4, nobody), (16, mask, nobody), (32, other, nobody)]
    return pack("<I", 2) + b"".join(pack("<HHI", *row) for row in rows)


def set_or_skip(path: Path, name: str, value: bytes) -> None:
    if not hasattr(os, "setxattr"):
        pytest.skip("extended attributes are those of Linux")
    try:
        os.setxattr(path, name, value)
    except OSError:
        pytest.skip(f"the file system of {path.parent} has no {name}")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that is only its owner's."""
    path = tmp_path / "rex.jpg.xmp"
    path.write_bytes(b"old")
    path.chmod(0o600)
    return path


def test_a_private_file_stays_private_from_the_first_byte_on(old: Path) -> None:
    with rewriting(old) as file:
        file.write(b"new")
        file.flush()
        part = old.with_name(".rex.jpg.xmp.part")
        assert (mode_of(part), part.read_bytes(), old.read_bytes()) == (0o600, b"new", b"old")
    assert (mode_of(old), old.read_bytes()) == (0o600, b"new")
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize("mode", [0o640, 0o664, 0o666, 0o604])
def test_the_mode_stays_whatever_new_files_get(old: Path, mode: int) -> None:
    old.chmod(mode)
    before = os.umask(0o077)
    try:
        with rewriting(old) as file:
            file.write(b"new")
    finally:
        os.umask(before)
    assert (mode_of(old), old.read_bytes()) == (mode, b"new")


def test_a_new_file_gets_what_new_files_get(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with rewriting(tmp_path / "new") as file:
            file.write(b"new")
    finally:
        os.umask(before)
    assert (mode_of(tmp_path / "new"), (tmp_path / "new").read_bytes()) == (0o640, b"new")


@ROOT
def test_owner_and_group_stay(old: Path) -> None:
    os.chown(old, 1000, 1001)
    old.chmod(0o640)
    with rewriting(old) as file:
        file.write(b"new")
    status = old.stat()
    assert (status.st_uid, status.st_gid, mode_of(old)) == (1000, 1001, 0o640)
    assert old.read_bytes() == b"new"


def test_a_file_whose_owner_can_t_be_kept_is_left(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lstat = Path.lstat

    def of_another(path: Path) -> os.stat_result:
        found = lstat(path)
        return os.stat_result((*found[:4], found.st_uid + 1, *found[5:]))

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "lstat", of_another)
    monkeypatch.setattr(atomic.os, "fchown", refuse)
    kept = "its owner, group or rights can't be kept"
    with pytest.raises(PermissionError, match=kept), rewriting(old):
        pytest.fail("it was begun")
    assert old.read_bytes() == b"old"
    assert list(old.parent.iterdir()) == [old]


def test_attributes_stay(old: Path) -> None:
    set_or_skip(old, "user.tag", b"red")
    with rewriting(old) as file:
        file.write(b"new")
    assert os.getxattr(old, "user.tag") == b"red"


def test_an_acl_stays(old: Path) -> None:
    set_or_skip(old, _ACL, acl(mask=6, other=0))
    with rewriting(old) as file:
        assert os.getxattr(file.fileno(), _ACL) == acl(mask=6, other=0)
        file.write(b"new")
    assert os.getxattr(old, _ACL) == acl(mask=6, other=0)
    assert mode_of(old) == 0o660


def test_the_folder_s_acl_opens_no_file_that_has_none(old: Path) -> None:
    set_or_skip(old.parent, "system.posix_acl_default", acl(mask=6, other=4))
    with rewriting(old) as file:
        file.write(b"new")
    assert _ACL not in os.listxattr(old)
    assert mode_of(old) == 0o600


def test_attributes_that_can_t_be_kept_leave_the_file(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_or_skip(old, "user.tag", b"red")

    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(atomic.os, "setxattr", refuse)
    with pytest.raises(OSError, match="not supported"), rewriting(old):
        pytest.fail("it was begun")
    assert old.read_bytes() == b"old"
    assert list(old.parent.iterdir()) == [old]


def test_what_may_not_be_written_is_left(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic.os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(PermissionError, match="Permission denied"), rewriting(old):
        pytest.fail("it was begun")
    assert old.read_bytes() == b"old"


def test_another_name_keeps_the_old_content(old: Path) -> None:
    os.link(old, old.with_name("snapshot"))
    with rewriting(old) as file:
        file.write(b"new")
    assert (old.read_bytes(), old.with_name("snapshot").read_bytes()) == (b"new", b"old")


def test_the_time_of_the_last_change_is_new(old: Path) -> None:
    os.utime(old, (1_000, 1_000))
    with rewriting(old) as file:
        file.write(b"new")
    assert old.stat().st_mtime > 1_000_000


def test_a_link_is_replaced_and_gives_nothing(old: Path) -> None:
    link = old.with_name("link")
    link.symlink_to(old)
    begin(old.with_name("part"), link).close()
    assert mode_of(old.with_name("part")) == 0o666 & ~_umask()
    with rewriting(link) as file:
        file.write(b"new")
    assert not link.is_symlink()
    assert (link.read_bytes(), old.read_bytes()) == (b"new", b"old")


def test_after_an_error_all_is_as_it_was(old: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"), rewriting(old) as file:
        file.writelines(pieces())
    assert old.read_bytes() == b"old"
    assert list(old.parent.iterdir()) == [old]


def test_a_planted_part_is_not_written_through(old: Path) -> None:
    victim = old.with_name("victim")
    victim.write_bytes(b"mine")
    with replacing(old) as part:
        part.symlink_to(victim)
        with pytest.raises(FileExistsError):
            begin(part, old)
        part.unlink()
        begin(part, old).close()
    assert victim.read_bytes() == b"mine"


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/fd is a folder of files elsewhere")
def test_standard_output_that_leads_to_a_file_is_written_to(tmp_path: Path) -> None:
    redirected = tmp_path / "out"
    with (
        redirected.open("wb") as out,
        rewriting(Path(f"/dev/fd/{out.fileno()}")) as file,
    ):
        file.write(b"new")
    assert redirected.read_bytes() == b"new"


def _umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is brought to the disk, in order."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("the system does not say what a handle is of")
    names: list[str] = []
    fsync = os.fsync

    def listen(handle: int) -> None:
        names.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", listen)
    return names


def test_the_content_reaches_the_disk_before_the_name(tmp_path: Path, synced: list[str]) -> None:
    with replacing(tmp_path / "model.onnx") as part:
        part.write_bytes(b"graph")
    assert synced == [".model.onnx.part", tmp_path.name]
    assert (tmp_path / "model.onnx").read_bytes() == b"graph"


def test_what_can_be_made_again_is_not_waited_for(tmp_path: Path, synced: list[str]) -> None:
    with replacing(tmp_path / "rex.jpg", durable=False) as part:
        part.write_bytes(b"photo")
    assert synced == []
    assert [path.name for path in tmp_path.iterdir()] == ["rex.jpg"]


def test_a_folder_appears_whole(tmp_path: Path, synced: list[str]) -> None:
    stale = tmp_path / ".0-9.part"
    stale.mkdir()
    (stale / "rows.npy").write_bytes(b"of a run that was killed")
    with replacing(tmp_path / "0-9") as part:
        part.mkdir()
        (part / "basis.npy").write_bytes(b"rows")
    assert synced == ["basis.npy", ".0-9.part", tmp_path.name]
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == [
        "0-9",
        "0-9/basis.npy",
    ]


def test_of_a_folder_that_fails_nothing_is_left(tmp_path: Path) -> None:
    def write() -> None:
        with replacing(tmp_path / "0-9") as part:
            part.mkdir()
            (part / "basis.npy").write_bytes(b"rows")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_takes_the_first_free_name(tmp_path: Path, synced: list[str]) -> None:
    names = [tmp_path / name for name in ("rex.jpg", "rex-2.jpg", "rex-3.jpg")]
    assert [atomic.add(content, names).name for content in (b"one", b"two")] == [
        "rex.jpg",
        "rex-2.jpg",
    ]
    assert synced[1::2] == [tmp_path.name] * 2
    assert [path.read_bytes() for path in names[:2]] == [b"one", b"two"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rex-2.jpg", "rex.jpg"]


def test_a_new_file_may_be_its_owners_alone(tmp_path: Path) -> None:
    with begin(tmp_path / "password.json", mode=0o600) as file:
        file.write(b"{}")
    assert mode_of(tmp_path / "password.json") == 0o600
