"""`make demo` as somebody runs it who has just cloned the repository: with uv, without, interrupted, from nothing."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from docs.generate import ROOT
from tests.conftest import program
from tests.processes import eventually, fetch, free_port

TOOLS = ("make", "sh", "rm", "mv", "mkdir", "chmod", "touch", "sleep", "cat")
REGISTRIES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "HTTPS_PROXY", "https_proxy")
"""What a machine may need to reach its registries."""

UV = """#!/bin/sh
echo "uv $*"
"""
PYTHON = """#!/bin/sh
test "$1" = -m || exit 0
mkdir -p "$3/bin"
cat >"$3/bin/pip" <<'END'
#!/bin/sh
bin=${0%/*}
test -e "$HOME/is-fast" || { touch "$HOME/has-started"; sleep 60; }
cat >"$bin/uv" <<'UV'
#!/bin/sh
echo "uv $*"
UV
chmod +x "$bin/uv"
END
chmod +x "$3/bin/pip"
"""
"""A Python whose virtual environments have a pip that takes a minute and installs the uv above; it needs no network."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile and, in `bin`, all that is on PATH: no uv."""
    program("make")
    folder = tmp_path / "checkout"
    (folder / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    for tool in TOOLS:
        (folder / "bin" / tool).symlink_to(program(tool))
    write(folder / "bin/python3", PYTHON)
    return folder


def write(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)


def make(checkout: Path, *words: str) -> subprocess.Popen[str]:
    """`make` in a group of processes of its own, which Ctrl-C would reach whole."""
    return subprocess.Popen(
        [checkout / "bin/make", *words],
        cwd=checkout, env={"PATH": str(checkout / "bin"), "HOME": str(checkout)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def test_an_interrupt_while_uv_is_installed_leaves_nothing_that_counts_as_uv(checkout: Path) -> None:
    interrupted = make(checkout, "demo")
    eventually("pip's start", lambda: (checkout / "has-started").exists() or None)
    os.killpg(interrupted.pid, signal.SIGINT)
    said = interrupted.communicate(timeout=15)[0]
    assert interrupted.returncode != 0
    assert said.startswith("There is no uv here: it is installed into .uv")
    assert not (checkout / ".uv").exists()
    assert (checkout / ".uv.new").exists()  # what the next run has to cope with
    (checkout / "is-fast").touch()
    again = make(checkout, "demo", "FLAGS=--log.level=warn")
    assert "uv run --locked --no-dev sms-exporter demo --log.level=warn\n" in again.communicate(timeout=15)[0]
    assert (again.returncode, (checkout / ".uv.new").exists()) == (0, False)
    third = make(checkout, "demo")
    assert "There is no uv here" not in third.communicate(timeout=15)[0]


@pytest.mark.parametrize(("target", "installed"), [("demo", "sms-exporter"), ("test", "pytest")])
def test_it_says_what_takes_time_before_uv_is_silent_and_only_where_it_does(
    target: str, installed: str, checkout: Path
) -> None:
    write(checkout / "bin/uv", UV)
    write(checkout / "tests/install-packages", "")
    first, _, rest = make(checkout, target).communicate(timeout=15)[0].partition("\n")
    assert first.startswith("First uv installs what uv.lock names into .venv")
    assert "uv run --locked" in rest
    write(checkout / ".venv/bin" / installed, "")
    assert "First uv" not in make(checkout, target).communicate(timeout=15)[0]


@pytest.mark.end_to_end
def test_a_clone_and_one_command_show_metrics_with_nothing_but_a_path_and_a_home(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    subprocess.run([program("git"), "clone", "--quiet", ROOT, tmp_path / "clone"], check=True)
    (tmp_path / "home").mkdir()
    path = [place for place in os.environ["PATH"].split(os.pathsep) if not Path(place).is_relative_to(ROOT)]
    given = {name: os.environ[name] for name in REGISTRIES if name in os.environ}
    given |= {"PATH": os.pathsep.join(path), "HOME": str(tmp_path / "home")}
    address = f"127.0.0.1:{free_port()}"
    words = [f"{name}={value}" for name, value in given.items()]
    command = [program("env"), "-i", *words, "make", "demo", f"FLAGS=--web.listen-address={address}"]
    log = tmp_path / "log"
    with log.open("wb") as file:
        demo = subprocess.Popen(
            command, cwd=tmp_path / "clone", stdout=file, stderr=file, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        eventually("the demo", lambda: demo.poll() is not None or "Listening on" in log.read_text() or None, 300)
        assert demo.poll() is None, log.read_text()
        text = fetch(f"http://{address}/metrics")
        os.killpg(demo.pid, signal.SIGINT)
        demo.wait(15)
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
            demo.wait()
    for sample in (
        r'sms_credit_balance_threshold\{.*account="bakery-it",.*currency="EUR",severity="warning"\} 100',
        r'contacts_limit\{.*account="crm-loyalty",.*\} 50000',
        r'sms_account_up\{.*account="crm-loyalty",.*\} 1',
        r'sms_api_failure\{.*account="old-intranet",.*api="credit",reason="unauthorized"\} 1',
    ):
        assert re.search(f"^{sample}$", text, re.MULTILINE), sample
    said = log.read_text()
    assert "msg=Ending" in said
    assert "Traceback" not in said
    changed = subprocess.run([program("git"), "-C", tmp_path / "clone", "status", "--porcelain"], capture_output=True, text=True, check=True)  # fmt: skip
    assert changed.stdout == ""
