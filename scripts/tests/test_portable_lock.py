import subprocess
from pathlib import Path

import pytest

import portable_lock
from portable_lock import LockError, find_addresses, portable

INDEX = "https://index.example/files"
UPLOADED = ', upload-time = "2026-11-18T11:06:55Z"'
WRITTEN = f'''version = 1
requires-python = ">=3.11"

[manifest]
members = [
    "micrograd",
    "nanogpt",
]

[[package]]
name = "micrograd"
version = "0.1.0"
source = {{ editable = "packages/micrograd" }}
dependencies = [
    {{ name = "numpy", version = "2.4.6", source = {{ registry = "{INDEX}" }} }},
]

[[package]]
name = "numpy"
version = "2.4.6"
source = {{ registry = "{INDEX}" }}
sdist = {{ url = "{INDEX}/0b/numpy-2.4.6.tar.gz", hash = "sha256:0a30", size = 9{UPLOADED} }}
wheels = [
    {{ url = "{INDEX}/5e/numpy-2.4.6%2Bcpu-cp311.whl", hash = "sha256:6bc3", size = 5286 }},
    {{ url = "{INDEX}/aa/numpy-2.4.6-cp312.whl?sig=a/b#c", hash = "sha256:77aa", size = 5287 }},
]
'''
STORED = """version = 1
requires-python = ">=3.11"

[[package]]
name = "micrograd"
version = "0.1.0"
source = { editable = "packages/micrograd" }
dependencies = [
    { name = "numpy", version = "2.4.6", source = { registry = "index" } },
]

[[package]]
name = "numpy"
version = "2.4.6"
source = { registry = "index" }
sdist = { path = "numpy-2.4.6.tar.gz", hash = "sha256:0a30", size = 9 }
wheels = [
    { path = "numpy-2.4.6+cpu-cp311.whl", hash = "sha256:6bc3", size = 5286 },
    { path = "numpy-2.4.6-cp312.whl", hash = "sha256:77aa", size = 5287 },
]
"""
PROJECT = '[project]\nname = "root"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = []\n'


def test_keeps_versions_names_hashes_and_sizes_and_drops_the_rest() -> None:
    assert portable(WRITTEN) == STORED


def test_is_idempotent() -> None:
    assert portable(STORED) == STORED
    assert portable("") == ""


def test_another_index_gives_the_same_stored_form() -> None:
    mirror = WRITTEN.replace(INDEX, "http://mirror.example:8080/a/b/c")
    assert portable(mirror) == STORED


def test_keeps_what_else_the_manifest_says() -> None:
    constraints = 'constraints = [{ name = "torch", specifier = "<3" }]\n'
    lock = WRITTEN.replace("[manifest]\n", f"[manifest]\n{constraints}")
    assert f"[manifest]\n{constraints}" in portable(lock)
    assert "members" not in portable(lock)


def test_leaves_direct_sources_for_the_check_to_report() -> None:
    direct = 'source = { url = "https://files.example/x-1.whl" }\n'
    assert portable(direct) == direct
    assert find_addresses("\n" + direct) == ["uv.lock:2: https://files.example/x-1.whl"]


def test_finds_paths_of_a_machine() -> None:
    lines = '{ path = "/srv/wheels/x-1.whl" }\n{ path = "C:/wheels/y-1.whl" }\n{ path = "z-1.whl" }'
    assert [line.split(":")[1] for line in find_addresses(lines)] == ["1", "2"]


def test_line_ends_do_not_matter() -> None:
    assert portable(WRITTEN.replace("\n", "\r\n")) == STORED


def test_stored_form_holds_no_address() -> None:
    assert find_addresses(portable(WRITTEN)) == []
    assert len(find_addresses(WRITTEN)) == 5


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A git repository with a project whose lock, of no packages, needs no index."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    source = Path(portable_lock.__file__)
    (scripts / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / ".gitattributes").write_text("uv.lock filter=portable-lock\n", encoding="utf-8")
    (tmp_path / "uv.lock").write_text('version = 1\nrequires-python = ">=3.11"\n', encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    portable_lock.install(tmp_path)
    git(tmp_path, "add", ".")
    return tmp_path


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def test_an_installed_filter_stores_what_is_added_without_addresses(clone: Path) -> None:
    (clone / "uv.lock").write_text(WRITTEN, encoding="utf-8")
    git(clone, "add", "uv.lock")
    assert git(clone, "show", ":uv.lock") == STORED
    assert (clone / "uv.lock").read_text(encoding="utf-8") == WRITTEN
    assert git(clone, "diff", "--name-only") == ""


def test_check_refuses_a_stale_lock_whatever_uv_is_told(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_FROZEN", "1")
    (clone / "pyproject.toml").write_text(PROJECT.replace('"root"', '"other"'), encoding="utf-8")
    git(clone, "add", ".")
    with pytest.raises(LockError, match="differs from a fresh resolution"):
        portable_lock.check(clone)


def test_check_passes_on_a_resolved_lock(clone: Path) -> None:
    portable_lock.check(clone)


def test_check_refuses_an_address(clone: Path) -> None:
    (clone / ".gitattributes").write_text("", encoding="utf-8")
    (clone / "uv.lock").write_text(WRITTEN, encoding="utf-8")
    git(clone, "add", ".")
    with pytest.raises(LockError, match=r"no address, found uv.lock:15: .*\(and 4 more\)"):
        portable_lock.check(clone)


def test_check_refuses_a_lock_of_other_projects(clone: Path) -> None:
    changed = PROJECT.replace('version = "0"', 'version = "1"')
    (clone / "pyproject.toml").write_text(changed, encoding="utf-8")
    git(clone, "add", ".")
    with pytest.raises(LockError, match="differs from a fresh resolution"):
        portable_lock.check(clone)


def test_check_without_a_lock_says_so(clone: Path) -> None:
    git(clone, "rm", "-q", "--cached", "uv.lock")
    with pytest.raises(LockError, match=r"'git show :uv\.lock' failed"):
        portable_lock.check(clone)
