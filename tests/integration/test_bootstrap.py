"""`bin/bootstrap` on machines that lack something: one line that says what to do, and never a half-made `.venv`.

A copy of the script in a folder of its own, a PATH with only the tools that it needs, and Pythons that make real
environments in which `uv` is a stand-in that notes what it is asked to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from kho.settings import get_settings

SCRIPT = get_settings().project_root / "bin" / "bootstrap"
PYTHON = os.path.realpath(sys.executable)
TOOLS = ("awk", "cat", "chmod", "cksum", "cp", "dirname", "flock", "id", "mkdir", "mv", "rm")
# As Python, but an environment made by it has the stand-in for uv, and no ensurepip to fall back to.
MAKER = f"""#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec "{PYTHON}" "$@"
"{PYTHON}" -m venv --without-pip "$3" && cp "$KHO_TEST_UV" "$3/bin/uv" && rm "$3/bin/python" || exit 1
cat >"$3/bin/python" <<'EOF'
#!/bin/sh
[ "$2" != ensurepip ] && exec "${{0%/*}}/python3" "$@"
EOF
chmod 755 "$3/bin/python"
"""
# Debian's Python without the package python3-venv.
WITHOUT_VENV = f'#!/bin/sh\nPYTHONPATH="${{0%/*}}/broken" exec "{PYTHON}" "$@"\n'
OLD = "#!/bin/sh\nexit 1\n"
UV = '#!/bin/sh\necho "$1 $2" >>"$KHO_TEST_LOG"\n[ ! -e "$KHO_TEST_LOG.fails" ]\n'


@dataclass
class Checkout:
    """A folder with the script, and how often packages were installed from it."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def installed(self) -> int:
        log = self.root / "log"
        return log.read_text().count("pip sync") if log.exists() else 0

    def python(self, text: str, name: str = "python3") -> Path:
        path = self.root / "tools" / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def run(self, **environment: str) -> tuple[int, list[str]]:
        """The exit, and the lines said."""
        own = {"KHO_TEST_UV": str(self.root / "uv"), "KHO_TEST_LOG": str(self.root / "log")}
        done = subprocess.run(
            [str(self.root / "bin" / "bootstrap")],
            env={"PATH": str(self.root / "tools"), "HOME": str(self.root)} | own | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == ""
        return done.returncode, done.stderr.splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    for folder in ("bin", "tools/broken"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(SCRIPT, tmp_path / "bin")
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (tmp_path / "tools" / tool).symlink_to(found)
    (tmp_path / "tools" / "broken" / "ensurepip.py").write_text("raise ImportError")
    (tmp_path / "requirements.lock").write_text("uv==1 \\\n    --hash=sha256:0\n")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (tmp_path / "uv").write_text(UV)
    (tmp_path / "uv").chmod(0o755)
    return Checkout(tmp_path)


@pytest.mark.parametrize(
    ("python", "environment", "line"),
    [
        pytest.param(
            None,
            {},
            "error: no Python 3.11, 3.12 or 3.13 found; install one (Debian, Ubuntu: apt-get install python3 "
            "python3-venv), or set PYTHON=/path/to/python3",
            id="no Python",
        ),
        pytest.param(OLD, {}, "error: no Python 3.11, 3.12 or 3.13 found; install one", id="an old Python"),
        pytest.param(
            MAKER,
            {"PYTHON": "/bin/false"},
            "error: PYTHON=/bin/false is not a Python 3.11, 3.12 or 3.13; name one that is",
            id="PYTHON names none",
        ),
        pytest.param(
            WITHOUT_VENV,
            {},
            "/tools/python3 has no venv module; install it (Debian, Ubuntu: apt-get install python3-venv) and "
            "run this again",
            id="a Python without venv",
        ),
    ],
)
def test_a_machine_without_a_python_of_use_is_told_in_one_line(
    checkout: Checkout, python: str | None, environment: dict[str, str], line: str
) -> None:
    if python:
        checkout.python(python)
    exit_code, [said] = checkout.run(**environment)
    assert exit_code == 1
    assert line in said
    assert not checkout.venv.exists()


def test_without_the_lock_file_it_is_named(checkout: Checkout) -> None:
    (checkout.root / "requirements.lock").unlink()
    _, said = checkout.run()
    assert said[-1] == ("error: requirements.lock is missing; restore it (git checkout requirements.lock)")


def test_a_second_run_finds_the_work_done(checkout: Checkout) -> None:
    checkout.python(MAKER)
    assert checkout.run()[0] == 0
    assert (checkout.venv / ".ready").is_file()
    assert checkout.installed == 1
    assert checkout.run() == (0, [])
    assert checkout.installed == 1


@pytest.mark.parametrize("half", ["no stamp", "no Python"])
def test_a_half_made_environment_is_made_anew(checkout: Checkout, half: str) -> None:
    """An interrupted run left no stamp; or the Python that it was made with is gone from the machine."""
    checkout.python(MAKER)
    checkout.run()
    left = checkout.venv / "left-over"
    left.touch()
    (checkout.venv / (".ready" if half == "no stamp" else "bin/python")).unlink()
    exit_code, [said] = checkout.run()
    assert (exit_code, said.startswith("setting up .venv with Python 3.1")) == (0, True)
    assert not left.exists()
    assert (checkout.venv / "bin" / "python").exists()
    assert checkout.installed == 2


def test_an_environment_of_an_older_lock_file_is_brought_up_to_date(checkout: Checkout) -> None:
    checkout.python(MAKER)
    checkout.run()
    stamp = (checkout.venv / ".ready").read_text()
    with (checkout.root / "requirements.lock").open("a") as lock:
        lock.write("more==1 \\\n    --hash=sha256:0\n")
    assert checkout.run() == (0, ["bringing .venv up to date with requirements.lock"])
    assert checkout.installed == 2
    assert (checkout.venv / ".ready").read_text() != stamp
    assert checkout.run() == (0, [])


def test_packages_that_cannot_be_had_leave_no_stamp_and_the_next_run_begins_anew(checkout: Checkout) -> None:
    checkout.python(MAKER)
    (checkout.root / "log.fails").touch()
    exit_code, said = checkout.run()
    assert exit_code == 1
    assert said[-1].startswith(
        "error: the packages of requirements.lock could not be installed (see above); check"
    )
    assert not (checkout.venv / ".ready").exists()
    (checkout.root / "log.fails").unlink()
    exit_code, [again] = checkout.run()
    assert (exit_code, again.startswith("setting up .venv")) == (0, True)
    assert (checkout.venv / ".ready").is_file()
