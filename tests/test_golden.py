"""Every committed file that is made stands as it is made."""

from docs.generate import ROOT
from tests.golden import changed, files


def test_every_file_stands_as_it_is_made_and_no_golden_one_is_left_that_nothing_makes() -> None:
    assert list(changed()) == [], "see the diff after: make golden"
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "tests/golden").iterdir()} <= set(files())
