"""The packages: they hold what they must and nothing else, and run outside the checkout; so does what the image holds."""

import contextlib
import email.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from docs.generate import ROOT
from exporter import __version__
from exporter.providers.catalogue import builtin
from tests.conftest import program
from tests.processes import Process, eventually, fetch, running

pytestmark = pytest.mark.end_to_end

MINE = ("sms-exporter.yml", "secrets/qlara", ".env", "exporter.pem")
"""Files that an operator may have lying about in a checkout."""

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".uv", "__pycache__", ".*_cache", ".hypothesis", ".coverage", "dist"
)
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
IMAGE_FOLDER = "/opt/sms-exporter"
DEFINITIONS = "exporter/providers/definitions"


def uv(*arguments: str | Path, cwd: Path, **variables: str) -> str:
    """Run uv outside the checkout's environment; what it prints."""
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}}
    ran = subprocess.run(
        [os.environ.get("UV") or program("uv"), *arguments],
        cwd=cwd, env={**kept, "UV_PYTHON": sys.executable, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was made of it alone, of a checkout with an operator's own files."""
    folder = tmp_path_factory.mktemp("packages")
    checkout = folder / "checkout"
    shutil.copytree(ROOT, checkout, symlinks=True, ignore=NOT_COPIED)
    for name in MINE:
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text("not for others\n")
    uv("build", "--out-dir", folder / "dist", cwd=checkout)
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(packages: Path) -> Path:
    (found,) = packages.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a virtual environment that has the wheel and what the lock file says."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "locked.txt").write_text(uv("export", "--no-dev", "--no-emit-project", "--no-header", cwd=ROOT))
    uv("venv", folder / "venv", cwd=folder)
    python = folder / "venv/bin/python"
    uv("pip", "install", "--require-hashes", "-r", "locked.txt", "--python", python, cwd=folder, UV_PYTHON=str(python))
    uv("pip", "install", "--no-deps", wheel, "--python", python, cwd=folder, UV_PYTHON=str(python))
    uv("pip", "check", "--python", python, cwd=folder, UV_PYTHON=str(python))
    return folder / "venv/bin/sms-exporter"


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"sms_exporter-{__version__}.dist-info/METADATA").decode()
    return email.parser.Parser().parsestr(text)


@contextlib.contextmanager
def demo(folder: Path, *command: str | Path) -> Iterator[tuple[str, Process]]:
    """The demo of a command, in a folder that has nothing to do with the checkout; gives its URL."""
    words = [*map(str, command), "demo", "--web.listen-address=127.0.0.1:0"]
    with running(folder, "demo", *words) as process:
        address = eventually("the demo", lambda: process.said(r'msg="Listening on" address=(\S+)'))
        yield f"http://{address}", process


def test_the_wheel_holds_the_whole_package_without_proofs_its_licence_and_nothing_else(wheel: Path) -> None:
    package = {
        path.relative_to(ROOT)
        for path in (ROOT / "exporter").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted = {str(path) for path in package if path.name != "expected.yml" and path.parent.name != "answers"}
    about = {f"sms_exporter-{__version__}.dist-info/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")}  # fmt: skip
    with zipfile.ZipFile(wheel) as archive:
        assert set(archive.namelist()) == wanted | about
        licence = archive.read(f"sms_exporter-{__version__}.dist-info/licenses/LICENSE").decode()
    assert licence == (ROOT / "LICENSE").read_text("utf-8")
    assert {"exporter/py.typed", *(f"{DEFINITIONS}/{provider}/provider.yml" for provider in builtin())} <= wanted


def test_the_metadata_lead_people_to_the_project(wheel: Path) -> None:
    said = metadata(wheel)
    assert said["Version"] == __version__
    assert (said["License-Expression"], said["Requires-Python"]) == ("Apache-2.0", ">=3.11")
    urls = dict(url.split(", ") for url in said.get_all("Project-URL", []))
    assert set(urls) == {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    assert {url.startswith("https://github.com/sms-exporter/sms-exporter") for url in urls.values()} == {True}


def test_the_sdist_holds_the_project_but_no_file_of_the_operator(packages: Path) -> None:
    (sdist,) = packages.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names & set(MINE) == set()
    assert {
        "pyproject.toml",
        "uv.lock",
        "LICENSE",
        "README.md",
        "Makefile",
        "tests/conftest.py",
        "alerts/rules.yml",
        *(f"{DEFINITIONS}/{provider}/expected.yml" for provider in builtin()),
        f"{DEFINITIONS}/qlara/answers/credit.documented.200.json",
    } <= names


def test_what_is_installed_says_its_version_and_knows_its_providers(installed: Path, tmp_path: Path) -> None:
    said = subprocess.run([installed, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"sms-exporter, version {__version__} ")
    listed = subprocess.run([installed, "providers"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert [provider for provider in builtin() if provider not in listed] == []


def test_the_demo_of_what_is_installed_serves_metrics_and_the_page(installed: Path, tmp_path: Path) -> None:
    with demo(tmp_path, installed) as (url, process):
        assert 'sms_credit_balance{provider="agiletelecom"' in fetch(f"{url}/metrics")
        assert "<html" in fetch(f"{url}/")
        assert process.end(15) == 0


def context_of_the_build(folder: Path) -> Path:
    """What .dockerignore lets through: all is kept out but what a line with `!` names."""
    lines = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    for name in (line[1:] for line in lines if line.startswith("!")):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the image copies from its first stage, made by the Dockerfile's own steps."""
    folder = tmp_path_factory.mktemp("image")
    context = context_of_the_build(tmp_path_factory.mktemp("context"))
    source = folder / "src"
    source.mkdir()
    variables = dict(re.findall(r"(UV_[A-Z_]+)=(\S+)", DOCKERFILE))
    assert variables["UV_PROJECT_ENVIRONMENT"] == IMAGE_FOLDER
    variables["UV_PROJECT_ENVIRONMENT"] = str(folder / "opt")
    build = DOCKERFILE.partition(" AS build\n")[2].partition("\nFROM ")[0]
    for copied, command in re.findall(r"^(?:COPY (?!--)(.*)|    uv (sync .*))$", build, re.MULTILINE):
        if command:
            uv(*command.split(), cwd=source, **variables)
            continue
        *names, target = copied.split()
        for name in names:
            if (context / name).is_dir():
                shutil.copytree(context / name, source / target)
            else:
                shutil.copy(context / name, source / target)
    shutil.rmtree(source)
    return folder / "opt"


def test_the_image_holds_what_is_locked_for_use_and_no_tool_of_ours(image: Path) -> None:
    listed = uv("pip", "list", "--format=json", "--python", image / "bin/python", cwd=image)
    names = {package["name"] for package in json.loads(listed)}
    locked = uv("export", "--no-dev", "--no-hashes", "--no-emit-project", "--no-header", "--no-annotate", cwd=ROOT)
    assert names == {"sms-exporter", *re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE)}


def health_check() -> str:
    words = re.search(r"^    CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert words is not None
    python, flag, code = json.loads(words[1])
    assert (python, flag) == ("python", "-c")
    return str(code)


def healthy(url: str, **variables: str) -> bool:
    """Whether the image's health check is content, asked of another port than its own."""
    code = health_check().replace("10077", url.rpartition(":")[2])
    ran = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, check=False
    )
    return ran.returncode == 0


def test_the_image_runs_without_privileges_on_a_read_only_root_and_its_health_check_tells(image: Path, tmp_path: Path) -> None:  # fmt: skip
    if os.geteuid() or not (shutil.which("unshare") and shutil.which("setpriv")):
        pytest.skip("takes root, unshare and setpriv")
    # A mount namespace of its own: nobody else's root changes. A demo that writes anywhere ends with EROFS.
    script = """
        mount -o remount,ro,bind /
        for folder in $(awk '$2 !~ "^/(proc|sys|dev)?(/|$)" {print $2}' /proc/mounts); do mount -o remount,ro,bind "$folder"; done
        ! touch "$0" 2>/dev/null && exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
    """
    command: list[str | Path] = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        script,
        str(tmp_path / "written"),
        image / "bin/sms-exporter",
    ]
    with demo(tmp_path, *command) as (url, process):
        assert healthy(url)
        assert healthy(url, http_proxy="http://127.0.0.1:1")
        assert "sms_credit_balance" in fetch(f"{url}/metrics")
        assert process.end(15) == 0
    assert not healthy(url)


def test_the_dockerfile_passes_its_linter() -> None:
    linted = subprocess.run([Path(sys.executable).parent / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)  # fmt: skip
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_image_says_what_it_is_and_who_it_runs_as() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.([a-z]+)="([^"]*)"', DOCKERFILE))
    assert set(labels) == {"title", "description", "url", "source", "documentation", "vendor", "licenses", "version", "revision", "created"}  # fmt: skip
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert (labels["title"], labels["description"]) == (project["name"], project["description"])
    assert (labels["licenses"], labels["source"]) == (project["license"], project["urls"]["Source"])
    arguments = set(re.findall(r"^ARG ([A-Z]+)=", DOCKERFILE, re.MULTILINE))
    assert {f"${name}" for name in arguments} == {labels["version"], labels["revision"], labels["created"]}
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["65532:65532"]
    assert re.findall(r"^EXPOSE (.*)$", DOCKERFILE, re.MULTILINE) == ["10077"]
