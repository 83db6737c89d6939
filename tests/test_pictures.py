"""The picture in the README: the script makes it as it is committed, in size if not in its figures."""

import struct
from pathlib import Path

import pytest

from docs import pictures


def size(picture: Path) -> tuple[int, int]:
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def test_the_committed_picture_has_the_size_that_the_script_gives_it() -> None:
    assert size(pictures.PICTURE) == (pictures.WIDTH, pictures.HEIGHT)


@pytest.mark.end_to_end
def test_the_script_takes_a_picture(tmp_path: Path) -> None:
    pictures.main(tmp_path / "page.png")
    assert size(tmp_path / "page.png") == (pictures.WIDTH, pictures.HEIGHT)
