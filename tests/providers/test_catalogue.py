"""The catalogue of built-in definitions."""

from importlib import resources

from exporter.providers.catalogue import builtin


def test_every_definition_file_is_a_provider_of_its_name() -> None:
    files = [each.name for each in resources.files("exporter.providers").iterdir() if each.name.endswith(".yml")]
    assert [f"{name}.yml" for name in builtin()] == sorted(files)


def test_codes_stay_the_texts_that_they_are() -> None:
    assert "0x0210" in builtin()["gatewayapi"].errors.codes
    assert "100" in builtin()["agiletelecom"].errors.codes


def test_the_catalogue_is_read_once() -> None:
    assert builtin() is builtin()
