"""The catalogue of built-in definitions."""

import subprocess
import sys
from pathlib import Path

from exporter.providers.catalogue import builtin
from tests.providers.recorded import DEFINITIONS, FOLDERS


def test_every_folder_is_a_provider_of_its_name_in_alphabetical_order() -> None:
    assert list(builtin()) == [folder.name for folder in FOLDERS]
    assert {path.name for path in DEFINITIONS.glob("*/*.yml")} == {"provider.yml", "expected.yml"}
    assert {path.parent for path in DEFINITIONS.glob("*/*.yml")} == set(FOLDERS)


def test_a_definition_is_read_when_it_is_asked_for_and_no_other(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from exporter.config.loading import load
import subprocess
import sys
from pathlib import Path

from exporter.providers.catalogue import builtin
load(Path(sys.argv[1]))
print(*builtin().loaded)
"""
    file = tmp_path / "f.yml"
    for more, loaded in (("", "qlara"), (", base_url: https://gatewayapi.com", "gatewayapi qlara")):
        file.write_text(f"accounts: [{{name: a, provider: qlara, auth: {{api_key: key-1}}{more}}}]")
        said = subprocess.run([sys.executable, "-c", script, file], capture_output=True, text=True, check=True).stdout
        assert " ".join(sorted(said.split())) == loaded


def test_codes_stay_the_texts_that_they_are() -> None:
    assert "0x0210" in builtin()["gatewayapi"].errors.codes
    assert "100" in builtin()["agiletelecom"].errors.codes


def test_the_catalogue_is_read_once() -> None:
    assert builtin() is builtin()
