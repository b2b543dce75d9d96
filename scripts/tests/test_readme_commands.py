from pathlib import Path

import pytest

import readme_commands
from readme_commands import ROOT, commands

PAGE = """# Title

```console
$ first --flag | sort
output $ not a command
$ second \\
    --long value \\
    --more

$ third
```

```bash
$ never
```

- in a list:
  ```console
  $ fourth
  ```
"""


def test_finds_commands_in_console_blocks_only() -> None:
    expected = ["first --flag | sort", "second --long value --more", "third", "fourth"]
    assert list(commands(PAGE)) == expected


def test_a_page_without_blocks_has_none() -> None:
    assert list(commands("text\n$ not in a block\n")) == []


def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, *flags: str) -> int:
    page = tmp_path / "page.md"
    page.write_text(f"```console\n{body}\n```\n", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["readme_commands.py", str(page), *flags])
    return readme_commands.main()


def test_goes_on_after_a_failure_and_reports_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run_page(tmp_path, monkeypatch, "$ exit 3\n$ echo reached && pwd\n$ false | cat")
    printed = capfd.readouterr()
    assert code == 1
    assert "[exit code 3" in printed.out
    assert f"reached\n{ROOT}\n" in printed.out
    assert "promises a command that fails: exit 3" in printed.err
    assert "promises a command that fails: false | cat" in printed.err


def test_skip_leaves_out_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_page(tmp_path, monkeypatch, "$ true\n$ false now", "--skip", "now") == 0


def test_a_page_without_commands_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_page(tmp_path, monkeypatch, "no command") == 2
    assert "has no such command in a console block" in capsys.readouterr().err


def test_only_picks_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_page(tmp_path, monkeypatch, "$ a b\n$ c d", "--only", "d", "--list") == 0
    assert capsys.readouterr().out == "c d\n"


def test_a_page_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["readme_commands.py", str(tmp_path / "no.md")])
    with pytest.raises(SystemExit, match="2"):
        readme_commands.main()
    assert "no.md: No such file or directory" in capsys.readouterr().err


def test_pip_installs_go_to_an_environment_that_is_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    script = "import sys; print(sys.prefix != sys.base_prefix)"
    assert run_page(tmp_path, monkeypatch, f"$ python -c '{script}'") == 0
    assert "\nTrue\n" in capfd.readouterr().out
