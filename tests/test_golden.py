"""Every committed file that is made stands as it is made."""

from docs.generate import ROOT
from tests.golden import changed, files


def test_every_file_stands_as_it_is_made() -> None:
    assert list(changed()) == [], "see the diff after: make golden"


def test_no_golden_file_is_left_that_nothing_makes() -> None:
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "tests/golden").iterdir()} <= set(files())
