import os

from hypothesis import given
from hypothesis import strategies as st

from barkive.catalogue.db.schema import absolute_path, decode_path, encode_path


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_every_file_name_survives(name: bytes) -> None:
    path = absolute_path("/photos/" + os.fsdecode(name))
    text = encode_path(path)
    text.encode()
    assert decode_path(text) == path


@given(st.text(), st.text())
def test_no_two_paths_become_one(one: str, other: str) -> None:
    paths = {absolute_path("/x/" + name.replace("\0", "")) for name in (one, other)}
    assert len({encode_path(path) for path in paths}) == len(paths)


def test_bytes_that_are_no_text_are_written_out() -> None:
    assert encode_path("/photos/caf\udce9.jpg") == "/photos/caf//e9.jpg"
    assert absolute_path("//photos/./a/../rex.jpg") == "/photos/rex.jpg"
