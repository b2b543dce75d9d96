#!/usr/bin/env python3
"""Run the commands of a Markdown page, so that no page promises what does not work.

A command is a line that begins with ``$ `` inside a fenced block marked ``console``; a trailing
backslash continues it. The lines below it are its output and are not run. Blocks marked otherwise
(``bash``) are for what no check can run here: a GPU, a person's own data, a push.

Commands run in order, from the root of the workspace, each in a shell of its own, with a fresh
virtual environment first on the PATH: what a page installs with pip leaves no trace.

    scripts/readme_commands.py README.md                 # run them
    scripts/readme_commands.py README.md --list          # print them
    scripts/readme_commands.py README.md --skip pytest   # all but those that end like this
    scripts/readme_commands.py README.md --only pytest   # only those
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_FENCE = re.compile(r"^(?P<indent> *)```console\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL)


def commands(markdown: str) -> Iterator[str]:
    """Yield the commands of a page, in order."""
    for block in _FENCE.finditer(markdown):
        lines = iter(block["body"].splitlines())
        for line in lines:
            text = line.strip()
            if not text.startswith("$ "):
                continue
            command = text[2:]
            while command.endswith("\\"):
                command = command[:-1].rstrip() + " " + next(lines, "").strip()
            yield command


def run(command: str, folder: Path, environment: Path) -> int:
    """Run one command from ``folder`` and return its exit code; its output goes to ours."""
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    print(f"$ {command}", flush=True)
    start = time.monotonic()
    code = subprocess.run(
        ["bash", "-o", "pipefail", "-ec", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode
    print(f"[exit code {code}, {time.monotonic() - start:.1f} s]\n", flush=True)
    return code


def main() -> int:
    """Run or list the commands; exit code 1 when one fails, 2 when there are none to run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("page", type=Path, help="a Markdown file")
    parser.add_argument("--list", action="store_true", help="print the commands and run nothing")
    parser.add_argument("--skip", metavar="END", help="leave out the commands that end with END")
    parser.add_argument("--only", metavar="END", default="", help="run those that end with END")
    args = parser.parse_args()

    try:
        found = list(commands(args.page.read_text(encoding="utf-8")))
    except OSError as error:
        parser.error(f"cannot read {args.page}: {error.strerror}")
    chosen = [
        c for c in found if c.endswith(args.only) and not (args.skip and c.endswith(args.skip))
    ]
    if not chosen:
        print(
            f"readme_commands: {args.page} has no such command in a console block", file=sys.stderr
        )
        return 2
    if args.list:
        print("\n".join(chosen))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "venv"
        venv.create(environment, with_pip=True)
        failed = [c for c in chosen if run(c, ROOT, environment)]
    for command in failed:
        print(
            f"readme_commands: {args.page} promises a command that fails: {command}",
            file=sys.stderr,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
