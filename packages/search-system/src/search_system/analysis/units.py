"""Compound units: a number and its unit become one token, however they are written.

::

    15.6 inch, 15.6-inch, 15,6 Zoll, 15.6"   ->  15.6inch
    16GB, 16 GB, 16 gigabytes                ->  16gb

Without it "16 GB" is two words, and a document that says "16GB" is not found by either. Each unit
is a line, ``inch = inches, zoll, ", +in``: the canonical name (itself a spelling), then its other
spellings. One with a plus must touch the number ("15.6in"), because apart from it the word means
something else ("2 in 1"). Numbers are not converted: 1024mb stays apart from 1gb.
"""

import re
from collections.abc import Callable, Sequence

from search_system.errors import OptionError

PRODUCT_UNITS = (
    "inch = inches, zoll, pouces, \", '', \u201d, \u2033, +in",
    "gb = gigabyte, gigabytes",
    "tb = terabyte, terabytes",
    "mb = megabyte, megabytes",
    "ghz = gigahertz",
    "mhz = megahertz",
    "hz = hertz",
    "mah",
    "kg = kilogram, kilograms, kilogramme, kilo, kilos",
    "g = gram, grams, gramme",
    "mm = millimeter, millimeters, millimetre, millimetres",
    "cm = centimeter, centimeters, centimetre, centimetres",
    "m = meter, meters, metre, metres",
    "l = liter, liters, litre, litres",
    "ml = milliliter, milliliters, millilitre, millilitres",
    "watt = watts, w",
    "volt = volts, v",
    "mp = megapixel, megapixels, mpx",
)
"""What the product catalogues we looked at measure in."""

_NUMBER = r"(?:\d+(?:,\d{3}(?!\d))*(?:[.,]\d+)?|(?<![^\W_])\.\d+)"
_GAP = "(?:[ \t]{0,3}|[-\u2010])"
_GROUPED = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?")
_SPLIT = re.compile(rf"({_NUMBER}){_GAP}([^\s\-\u2010].*)", re.DOTALL)


class Units:
    """The units of some rules, as a pattern that finds them and a function that unifies them."""

    def __init__(self, rules: Sequence[str], normalize: Callable[[str], str]) -> None:
        self._canonical: dict[str, str] = {}
        touching: set[str] = set()
        for rule in rules:
            name, spellings = _parse(rule)
            for spelling in (name, *spellings):
                norm = normalize(spelling.removeprefix("+"))
                if self._canonical.setdefault(norm, name) != name:
                    raise OptionError(
                        f"unit '{rule}': the spelling '{spelling}' already belongs to "
                        f"'{self._canonical[norm]}'"
                    )
                if spelling.startswith("+"):
                    touching.add(norm)
        apart = self._canonical.keys() - touching
        self.pattern = f"{_NUMBER}(?:{_GAP}{_any_of(apart)}|{_any_of(touching | apart)})"
        """A regular expression without groups; it fits normalised text."""

    def canonical(self, token: str) -> str | None:
        """Return the one spelling of a number with a unit; None for any other token."""
        match = _SPLIT.fullmatch(token)
        unit = self._canonical.get(match[2]) if match else None
        return f"{plain_number(match[1])}{unit}" if match and unit else None


def plain_number(written: str) -> str:
    """Return a number without grouping and needless zeros: 1,500 -> 1500, 15,60 -> 15.6.

    A comma before exactly three last digits groups them; any other is a decimal comma.
    """
    if _GROUPED.fullmatch(written):
        written = written.replace(",", "")
    whole, _, fraction = written.replace(",", ".").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole.lstrip('0') or '0'}{fraction and '.'}{fraction}"


def _any_of(spellings: set[str]) -> str:
    """Return a pattern of spellings, the longest first; none may end inside a word."""
    if not spellings:
        return "(?!)"
    ordered = sorted(spellings, key=lambda s: (-len(s), s))
    return "(?:" + "|".join(re.escape(s) + _boundary(s) for s in ordered) + ")"


def _boundary(spelling: str) -> str:
    return r"(?![^\W_])" if spelling[-1].isalnum() else ""


def _parse(rule: str) -> tuple[str, list[str]]:
    name, equals, rest = (part.strip() for part in rule.partition("="))
    spellings = [s.strip() for s in rest.split(",") if s.strip()]
    if not name.isalpha() or (equals and not spellings) or "+" in spellings:
        raise OptionError(
            f"unit '{rule}': expected NAME = SPELLING, SPELLING, with a name of letters, such as "
            "'gb = gigabyte, gigabytes'"
        )
    return name, spellings
