"""Auto-reload: what counts as a change, and that each content is loaded once."""

import asyncio
import os
from pathlib import Path

import pytest

from exporter.config.watch import Watch, keep_loaded


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sms-exporter.yml"
    path.write_text("accounts: []\n")
    return path


def test_content_counts_and_not_the_time_stamp(file: Path) -> None:
    watch = Watch(file)
    watch.loading()
    before = file.stat()
    assert not watch.has_changed()
    os.utime(file, (1, 1))
    assert not watch.has_changed()
    file.write_text("accounts: {}\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert watch.has_changed()
    watch.loading()
    assert not watch.has_changed()


def test_a_file_that_goes_and_comes_back_has_changed_twice(file: Path) -> None:
    watch = Watch(file)
    watch.loading()
    text = file.read_text()
    file.unlink()
    assert watch.has_changed()
    watch.loading()
    assert not watch.has_changed()
    file.write_text(text)
    assert watch.has_changed()


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "\0")
    watch.loading()
    assert not watch.has_changed()


async def test_each_content_is_loaded_once_and_whoever_else_loads_it_counts(file: Path) -> None:
    watch = Watch(file)
    watch.loading()
    loaded = asyncio.Queue[str]()

    async def reload() -> None:
        watch.loading()
        loaded.put_nowait(file.read_text())

    task = asyncio.create_task(keep_loaded(watch, 0.001, reload))
    file.write_text("half")
    assert await loaded.get() == "half"
    file.write_text("whole")
    assert await loaded.get() == "whole"
    watch.loading()
    await asyncio.sleep(0.02)
    task.cancel()
    assert loaded.empty()
    await asyncio.wait({task})
