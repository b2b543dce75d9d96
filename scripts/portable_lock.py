#!/usr/bin/env python3
"""Keep ``uv.lock`` free of index addresses in git, without losing one pin.

``uv lock`` writes the address of the index that answered into every entry, so a lock made at one
place cannot be used behind a mirror at another. The stored form of our lock names no index. It
keeps every version, file name, hash and size, and differs from uv's form in four ways:

* ``url = "https://host/path/NAME"`` of a file becomes ``path = "NAME"``;
* ``registry = "https://host/..."`` becomes ``registry = "index"``;
* ``upload-time``, which not every index tells, is dropped;
* the list of workspace members under ``[manifest]`` is dropped.

The last one makes uv see a stale lock on a fresh clone: it resolves again, keeps every pinned
version, and fills in the addresses of the user's own index, in the working tree only. The price:
that first resolution needs a network (a second or two), and ``--locked`` and ``--frozen`` refuse
the stored form.

Git applies the transformation by itself, as a clean filter, once a clone is set up for it::

    python3 scripts/portable_lock.py --install   # once per clone, before any commit of uv.lock
    python3 scripts/portable_lock.py --check     # what CI runs
    python3 scripts/portable_lock.py < uv.lock   # what git runs

``--check`` resolves the staged lock again in an empty folder and compares, so that the pins and the
hashes are still proved although ``--locked`` cannot be used.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
LOCK = "uv.lock"

# A file of a package: an entry of a wheels list, or the sdist. Direct-URL and git sources stand
# behind `source =` and are left alone, so that --check reports them instead of breaking them.
_FILE_URL = re.compile(
    r'^(\s*(?:sdist = )?\{ )url = "[^"?#]*/([^"/?#]+)(?:[?#][^"]*)?"', re.MULTILINE
)
_UPLOAD_TIME = re.compile(r', upload-time = "[^"]*"')
_SIZE = re.compile(r", size = \d+")
_REGISTRY = re.compile(r'registry = "[^"]*"')
_MEMBERS = re.compile(r"^members = \[\n(?:    .*\n)*\]\n", re.MULTILINE)
_EMPTY_MANIFEST = re.compile(r"^\[manifest\]\n\n(?=\[|\Z)", re.MULTILINE)
_ADDRESS = re.compile(r'[a-z+]+://[^\s"]*|path = "(?:/|[A-Za-z]:)[^"]*')

# A person's own settings that would make uv resolve by other rules than the lock's, or not at all.
_STEERING = {"UV_FROZEN", "UV_LOCKED", "UV_EXCLUDE_NEWER", "UV_RESOLUTION", "UV_PRERELEASE"}


class LockError(Exception):
    """The lock, or the clone that holds it, is not as it has to be."""


def portable(lock: str) -> str:
    """Return the stored form of a lock as uv writes it; a stored form is returned unchanged."""
    lock = lock.replace("\r\n", "\n")
    lock = _FILE_URL.sub(lambda m: f'{m[1]}path = "{unquote(m[2])}"', lock)
    lock = _REGISTRY.sub('registry = "index"', lock)
    lock = _UPLOAD_TIME.sub("", lock)
    lock = _MEMBERS.sub("", lock)
    return _EMPTY_MANIFEST.sub("", lock)


def find_addresses(lock: str) -> list[str]:
    """Return ``line: address`` for every URL and every absolute path that a lock holds."""
    return [
        f"{LOCK}:{number}: {match[0]}"
        for number, line in enumerate(lock.splitlines(), 1)
        for match in _ADDRESS.finditer(line)
    ]


def install(root: Path = ROOT) -> None:
    """Configure the clone at ``root`` so that git stores the portable form, and fill in the lock.

    ``required`` makes git refuse to add the lock when the filter cannot run, rather than store
    addresses. A required filter needs both directions: what is stored is checked out as it is.
    """
    python = "python" if sys.platform == "win32" else "python3"
    settings = {"clean": f"{python} scripts/portable_lock.py", "smudge": "cat", "required": "true"}
    for name, value in settings.items():
        _run(["git", "config", f"filter.portable-lock.{name}", value], root)
    _run(["uv", "lock", "--quiet"], root)
    # Git calls a file of another size modified without asking the filter. Adding it, where nothing
    # but the addresses differ, records the new size and stages no change.
    if _run(["git", "hash-object", LOCK], root) == _run(["git", "rev-parse", f":{LOCK}"], root):
        _run(["git", "add", LOCK], root)


def check(root: Path = ROOT) -> None:
    """Raise `LockError` unless the staged lock is portable and a fresh resolution equals it."""
    stored = _run(["git", "show", f":{LOCK}"], root)
    if found := find_addresses(stored):
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise LockError(
            f"the staged lock must hold no address, found {found[0]}{more}; run "
            "'python3 scripts/portable_lock.py --install', then 'git add --renormalize uv.lock'"
        )
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/"
        projects = [LOCK, "pyproject.toml", "packages/*/pyproject.toml"]
        files = _run(["git", "ls-files", "--", *projects], root).split()
        _run(["git", "checkout-index", f"--prefix={prefix}", "--", *files], root)
        _run(["uv", "lock", "--quiet"], Path(folder))
        fresh = portable((Path(folder) / LOCK).read_text(encoding="utf-8"))
    # A plain index tells no sizes: then the rest is compared.
    expected = stored if _SIZE.search(fresh) else _SIZE.sub("", stored)
    if fresh != expected:
        changes = difflib.unified_diff(
            expected.splitlines(), fresh.splitlines(), "staged", "resolved", lineterm="", n=0
        )
        raise LockError(
            "the staged lock differs from a fresh resolution; run 'uv lock' and 'git add uv.lock'\n"
            + "\n".join(list(changes)[:20])
        )


def _run(command: list[str], folder: Path) -> str:
    env = {name: value for name, value in os.environ.items() if name not in _STEERING}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=env,
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    except FileNotFoundError as error:
        raise LockError(f"'{command[0]}' is needed and was not found; install it first") from error
    if done.returncode:
        raise LockError(f"'{' '.join(command[:3])}' failed: {done.stderr.strip()}")
    return done.stdout


def main() -> int:
    """Run one of the three commands of the module's docstring; exit code 2 on a `LockError`."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--install", action="store_true", help="set up this clone's git filter")
    action.add_argument("--check", action="store_true", help="prove that the staged lock is right")
    args = parser.parse_args()
    try:
        if args.install:
            install()
            print("git now stores uv.lock without addresses in this clone")
        elif args.check:
            check()
            print("uv.lock names no index and equals a fresh resolution")
        else:
            # Bytes, so that no platform rewrites the line ends on the way.
            sys.stdout.buffer.write(portable(sys.stdin.buffer.read().decode()).encode())
    except UnicodeDecodeError as error:
        print(f"portable_lock: expected a lock in UTF-8 on stdin: {error}", file=sys.stderr)
        return 2
    except LockError as error:
        print(f"portable_lock: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
