# ruff: noqa: INP001  # a script beside the pages, no package
"""Makes docs/page.png: the page of the demo in Chromium, as `make pictures` runs it."""

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from docs.generate import ROOT
from tests.conftest import program
from tests.processes import eventually, fetch, free_port, running

PICTURE = ROOT / "docs/page.png"
WIDTH, HEIGHT = 1280, 760


def main(picture: Path = PICTURE) -> None:
    """Start the demo on a free port, wait for an account that is told as critical, and take the picture."""
    url = f"http://127.0.0.1:{(port := free_port())}/"
    command = (sys.executable, "-m", "exporter", "demo", f"--web.listen-address=127.0.0.1:{port}")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), "demo", *command),
        sync_playwright() as playwright,
    ):
        eventually("the demo's page", lambda: "critical" in fetch(url) or None)
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=flags)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(url)
        page.screenshot(path=picture)
        browser.close()
    print(picture.relative_to(ROOT) if picture.is_relative_to(ROOT) else picture)


if __name__ == "__main__":
    main()
