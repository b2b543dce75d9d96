"""What every package promises in common, so that no package has to test it."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from readme_commands import ROOT, commands

PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))
MODULES = {package.name.replace("-", "_") for package in PACKAGES}
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("packages/*/*.md")])

each_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def test_there_are_four_packages() -> None:
    assert {"micrograd", "nanogpt", "fashion_recsys", "search_system"} == MODULES


@each_package
def test_no_package_imports_another(package: Path) -> None:
    others = MODULES - {package.name.replace("-", "_")}
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported = {node.module.split(".")[0]}
            else:
                continue
            assert not imported & others, f"{path.relative_to(ROOT)}:{node.lineno}"


@each_package
def test_a_package_is_complete(package: Path) -> None:
    module = package / "src" / package.name.replace("-", "_")
    for path in ("README.md", "CHANGELOG.md", "tests", "benchmarks"):
        assert (package / path).exists(), path
    for path in ("py.typed", "cli.py", "errors.py", "__init__.py", "__main__.py"):
        assert (module / path).exists(), path
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@each_package
def test_a_project_file_agrees_with_the_others(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["requires-python"] == root["project"]["requires-python"]
    assert package.name in project["project"]["scripts"]
    assert project["build-system"]["build-backend"] == "uv_build"
    # Settings of the tools live once, at the root.
    assert not {"ruff", "mypy", "pytest"} & set(project.get("tool", {}))


@each_package
def test_the_changelog_has_the_version(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))
    changelog = (package / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {project['project']['version']} - " in changelog


@each_package
def test_a_readme_names_every_dependency(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    readme = (package / "README.md").read_text(encoding="utf-8").lower()
    extras = [line for lines in project.get("optional-dependencies", {}).values() for line in lines]
    for requirement in [*project["dependencies"], *extras]:
        name = re.split(r"[^A-Za-z0-9_.-]", requirement)[0].lower()
        assert name in readme, f"say in the README why {name} is there"


@each_package
def test_a_readme_has_commands_that_are_run(package: Path) -> None:
    readme = (package / "README.md").read_text(encoding="utf-8")
    assert any(f" {package.name} " in command for command in commands(readme))


def test_the_readme_gives_one_test_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tests = [command for command in commands(readme) if command.endswith("pytest")]
    assert tests == ["pip install uv && uv run --all-packages pytest"]


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_tracked_files_are_small_and_name_no_package_index() -> None:
    listing = ["git", "ls-files", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    index = re.compile(rb"https?://[^\s\"]+/simple\b")
    for path in (ROOT / name for name in filter(None, names.split("\0"))):
        # In the working tree the lock holds the addresses; portable_lock.py checks git's copy.
        if path.exists() and path.name != "uv.lock":
            assert path.stat().st_size < 1_000_000, path
            assert not index.search(path.read_bytes()), path
