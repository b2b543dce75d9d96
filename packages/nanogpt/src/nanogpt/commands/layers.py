"""Where a setting comes from: the defaults, then a preset, then a TOML file, then the flags.

Each layer only names what it changes, and what it changes need not fit together before the flags
have had their say: only the result is checked. Presets are TOML files of the package, so a file of
one's own is written like one of them.
"""

import argparse
import tomllib
from collections.abc import Sequence
from copy import copy
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

from nanogpt.commands.config import Estimate, PresetName, Train, TrainMLP
from nanogpt.errors import ConfigError

SECTIONS = ("data", "model", "training")
P = TypeVar("P")
C = TypeVar("C", bound=Train | TrainMLP | Estimate)


def layered(defaults: C, arguments: Sequence[str]) -> C:
    """Return ``defaults`` changed by the preset and the file that ``arguments`` name.

    Raises:
        ConfigError: The file cannot be read, or has a section, field or value that does not fit.
    """
    named = peek(arguments)
    if named.preset in get_args(PresetName):
        preset = files("nanogpt.presets") / f"{named.preset}.toml"
        defaults = changed(defaults, preset.read_text(encoding="utf-8"), f"preset {named.preset}")
    if named.config is not None:
        path = Path(named.config)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise ConfigError(f"cannot read {path}: {reason}") from error
        defaults = changed(defaults, text, str(path))
    return defaults


def changed(command: C, toml: str, source: str) -> C:
    """Return ``command`` with the fields that ``toml`` names.

    Raises:
        ConfigError: Not TOML, or a section, field or value that does not fit; ``source`` is named.
    """
    try:
        sections = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not TOML: {error}") from error
    for section, values in sections.items():
        if section not in SECTIONS or not isinstance(values, dict):
            raise ConfigError(
                f"{source}: expected the sections [{'], ['.join(SECTIONS)}], got '{section}'"
            )
        if section == "data" and isinstance(command, Estimate):
            continue  # which text it is does not change the cost
        part = getattr(command, section)
        known = {field.name for field in fields(part)}
        for name, value in values.items():
            if name not in known:
                names = ", ".join(sorted(known))
                raise ConfigError(f"{source}: [{section}] has no field '{name}'; it has {names}")
            values[name] = _fitting(value, get_type_hints(type(part))[name], f"{source}: {name}")
        command = replace(command, **{section: _unchecked(part, values)})
    return command


def _unchecked(part: P, values: dict[str, Any]) -> P:
    """Return a copy of a frozen dataclass with other values, without its checks."""
    part = copy(part)
    for name, value in values.items():
        object.__setattr__(part, name, value)
    return part


def _fitting(value: Any, expected: Any, where: str) -> Any:
    """Return ``value`` as a field of type ``expected`` takes it."""
    choices = get_args(expected) if isinstance(expected, UnionType) else (expected,)
    for choice in choices:
        if value in get_args(choice) and isinstance(value, str):  # a Literal
            return value
        if choice is Path and isinstance(value, str):
            return Path(value)
        if choice is float and type(value) is int:
            return float(value)
        if type(value) is choice:
            return value
    names = " or ".join(_name(c) for c in choices if c is not type(None))
    raise ConfigError(f"{where} must be {names}, got {value!r}")


def _name(choice: Any) -> str:
    literals = get_args(choice)
    return " or ".join(map(repr, literals)) if literals else str(choice.__name__)


def peek(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the flags that decide the defaults of the others; tyro reads them again, and checks."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for flag in ("--preset", "--config", "--init-from", "--out"):
        parser.add_argument(flag, nargs="?")
    parser.add_argument("--resume", action="store_true")
    return parser.parse_known_args(list(arguments))[0]
