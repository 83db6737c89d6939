"""The catalogue of built-in definitions."""

from exporter.providers.catalogue import builtin
from tests.providers.recorded import DEFINITIONS, FOLDERS


def test_every_folder_is_a_provider_of_its_name_in_alphabetical_order() -> None:
    assert list(builtin()) == [folder.name for folder in FOLDERS]
    assert {path.name for path in DEFINITIONS.glob("*/*.yml")} == {"provider.yml", "expected.yml"}
    assert {path.parent for path in DEFINITIONS.glob("*/*.yml")} == set(FOLDERS)


def test_codes_stay_the_texts_that_they_are() -> None:
    assert "0x0210" in builtin()["gatewayapi"].errors.codes
    assert "100" in builtin()["agiletelecom"].errors.codes


def test_the_catalogue_is_read_once() -> None:
    assert builtin() is builtin()
