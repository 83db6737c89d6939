"""The catalogue of built-in definitions."""

from exporter.providers.catalogue import builtin
from tests.providers.recorded import FOLDERS


def test_every_folder_is_a_provider_of_its_name_in_alphabetical_order() -> None:
    assert list(builtin()) == [folder.name for folder in FOLDERS]


def test_codes_stay_the_texts_that_they_are() -> None:
    assert "0x0210" in builtin()["gatewayapi"].errors.codes
    assert "100" in builtin()["agiletelecom"].errors.codes


def test_the_catalogue_is_read_once() -> None:
    assert builtin() is builtin()
