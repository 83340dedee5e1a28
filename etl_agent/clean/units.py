"""Units of measure: numbers with a unit behind them become numbers in one unit, by exact decimal arithmetic."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache, partial
from typing import Annotated, ClassVar, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from etl_agent.clean.decimals import linear
from etl_agent.clean.marks import DecimalMark
from etl_agent.clean.step import Change, Columns, RowStep, chosen, replaced
from etl_agent.clean.values import rewrite
from etl_agent.errors import near

__all__ = ["UNITS", "Units", "unit_of"]


def _units(table: str) -> dict[str, tuple[Fraction, Fraction]]:
    """Read ``m 1, km 1000``: units and how much of the base unit each is."""
    entries = (entry.rsplit(" ", 1) for entry in table.split(", "))
    return {unit: (Fraction(factor), Fraction(0)) for unit, factor in entries}


_KELVIN = Fraction("273.15")

UNITS: Mapping[str, Mapping[str, tuple[Fraction, Fraction]]] = {
    "length": _units(
        "nm 1e-9, µm 1e-6, mm 0.001, cm 0.01, dm 0.1, m 1, km 1000, "
        "in 0.0254, ft 0.3048, yd 0.9144, mi 1609.344, nmi 1852"
    ),
    "mass": _units("µg 1e-9, mg 1e-6, g 0.001, kg 1, t 1000, oz 0.028349523125, lb 0.45359237, st 6.35029318"),
    "temperature": {
        "K": (Fraction(1), Fraction(0)),
        "°C": (Fraction(1), _KELVIN),
        "°F": (Fraction(5, 9), _KELVIN - 32 * Fraction(5, 9)),
    },
    "volume": _units("ml 1e-6, cl 1e-5, dl 1e-4, l 0.001, hl 0.1, m³ 1, gal 0.003785411784, fl oz 0.0000295735295625"),
    "area": _units("mm² 1e-6, cm² 1e-4, m² 1, ha 10000, km² 1000000, ft² 0.09290304, ac 4046.8564224"),
    "time": _units("ns 1e-9, µs 1e-6, ms 0.001, s 1, min 60, h 3600, d 86400"),
    "speed": _units("m/s 1, km/h 5/18, mph 0.44704, kn 463/900"),
    "pressure": _units(
        "Pa 1, hPa 100, kPa 1000, MPa 1000000, mbar 100, bar 100000, atm 101325, psi 44482216152605/6451600000"
    ),
    "energy": _units("J 1, kJ 1000, MJ 1000000, Wh 3600, kWh 3600000, MWh 3600000000, cal 4.184, kcal 4184"),
    "voltage": _units("µV 1e-6, mV 0.001, V 1, kV 1000"),
    "current": _units("µA 1e-6, mA 0.001, A 1, kA 1000"),
    "power": _units("mW 0.001, W 1, kW 1000, MW 1000000"),
    "frequency": _units("mHz 0.001, Hz 1, kHz 1000, MHz 1000000, GHz 1000000000"),
    "force": _units("mN 0.001, N 1, kN 1000, MN 1000000"),
    "data": _units("B 1, kB 1000, MB 1e6, GB 1e9, TB 1e12, KiB 1024, MiB 1048576, GiB 1073741824"),
}
"""For each unit the factor and offset to its kind's base unit: base = number * factor + offset. Exact by definition.

Source: NIST Special Publication 811 (2008), appendix B; US gallon, avoirdupois pound, thermochemical calorie.
"""

_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "°C": ("C", "℃", "degC", "deg C", "º C", "ºC", "° C"),
    "°F": ("F", "℉", "degF", "deg F", "ºF", "° F"),
    "µm": ("μm", "um"),
    "µg": ("μg", "ug", "mcg"),
    "µs": ("μs", "us"),
    "µV": ("μV", "uV"),
    "µA": ("μA", "uA"),
    "l": ("L", "ℓ", "liter", "liters", "litre", "litres"),
    "ml": ("mL", "milliliter", "milliliters", "millilitre", "millilitres"),
    "dl": ("dL",),
    "cl": ("cL", "centiliter", "centiliters", "centilitre", "centilitres"),
    "gal": ("gallon", "gallons"),
    "fl oz": ("fl. oz", "floz", "fluid ounce", "fluid ounces"),
    "m²": ("m2", "sqm", "sq m"),
    "km²": ("km2",),
    "cm²": ("cm2",),
    "mm²": ("mm2",),
    "ft²": ("ft2", "sqft", "sq ft", "square feet"),
    "ha": ("hectare", "hectares"),
    "ac": ("acre", "acres"),
    "m³": ("m3",),
    "g": ("gr", "gram", "grams", "gramme", "grammes"),
    "kg": ("kgs", "kilo", "kilos", "kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "t": ("tonne", "tonnes"),
    "oz": ("ounce", "ounces"),
    "lb": ("lbs", "pound", "pounds"),
    "mm": ("millimeter", "millimeters", "millimetre", "millimetres"),
    "cm": ("cms", "centimeter", "centimeters", "centimetre", "centimetres"),
    "m": ("meter", "meters", "metre", "metres"),
    "km": ("kms", "kilometer", "kilometers", "kilometre", "kilometres"),
    "in": ("inch", "inches", '"'),
    "ft": ("foot", "feet", "'"),
    "yd": ("yds", "yard", "yards"),
    "mi": ("mile", "miles"),
    "km/h": ("kmh", "kph"),
    "d": ("day", "days"),
    "h": ("hr", "hrs", "hour", "hours"),
    "min": ("mins", "minute", "minutes"),
    "s": ("sec", "secs", "second", "seconds"),
    "ms": ("msec", "millisecond", "milliseconds"),
}
"""Other spellings of a unit. Case counts, since mW and MW differ."""

_KIND = {unit: kind for kind, units in UNITS.items() for unit in units}
_NAMED = {word: unit for unit in _KIND for word in (unit, *_SPELLINGS.get(unit, ()))}


@cache
def _folded() -> dict[str, str]:
    """Return what spellings mean whatever their case, where that is one unit (not mW, which folds like MW)."""
    meanings: dict[str, set[str]] = {}
    for word, unit in _NAMED.items():
        meanings.setdefault(word.casefold(), set()).add(unit)
    return {word: next(iter(units)) for word, units in meanings.items() if len(units) == 1}


def unit_of(word: str) -> str | None:
    """Return the unit that a word stands for, whatever its case and with or without a full stop; None if it is none.

    >>> unit_of("OZ."), unit_of("Ounces"), unit_of("mw")
    ('oz', 'oz', None)
    """
    word = word.strip().removesuffix(".")
    return _NAMED.get(word) or _folded().get(word.casefold())


class Units(RowStep):
    """Convert numbers with a unit into one unit, and take the unit away; a cell that is no such number stays as it is.

    The result is exact, except where the factor has no decimal end (°F to °C, km/h to m/s): it is rounded then.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "to": "°C"} | ["21.5 °C", "70 F", "-40°F", "21", "n/a", null] | ["21.5", "21.111111", "-40", "21", "n/a", null] |
    | {"columns": ["x"], "to": "kg", "bare": "g"} | ["1500 g", "2 kg", "250", "1 lb"] | ["1.5", "2", "0.25", "0.45359237"] |
    | {"columns": "x", "to": "m", "decimal_mark": ","} | ["1,85 m", "185 cm", "1.85 m"] | ["1.85", "1.85", "1.85 m"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["units"] = "units"
    columns: Columns
    """The columns that hold numbers with units."""
    to: str
    """The unit to convert to. Its kind (length, mass, temperature, ...) says which others are understood."""
    bare: str | None = None
    """The unit of numbers that have none; without it they stay as they are."""
    decimal_mark: DecimalMark = "."
    """The mark before the fraction. Marks between groups of digits are not read."""
    digits: Annotated[int, Field(ge=0, le=30)] = 6
    """Digits after the point, rounded half to even, where the factor has no decimal end."""

    change: ClassVar[Change] = "value"
    version: ClassVar[int] = 2

    @model_validator(mode="after")
    def _known_units(self) -> Self:
        for unit in (self.to, self.bare):
            if unit is not None and unit not in _KIND:
                hint = near(unit, _KIND)
                raise ValueError(f"{unit!r} is no unit known here; valid: {', '.join(hint or _KIND)}")
        if self.bare is not None and _KIND[self.bare] != _KIND[self.to]:
            raise ValueError(f"{self.bare} is a {_KIND[self.bare]}, {self.to} a {_KIND[self.to]}")
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Convert the cells of each unit together."""
        for name in self.reads(data.schema.names):
            column = cells = data.column(name)
            for unit in self._present(cells):
                pattern = self._pattern(unit)
                other = pc.invert(pc.match_substring_regex(cells, pattern))
                column = rewrite(column, done=other, change=partial(self._converted, unit=unit, pattern=pattern))
            data = replaced(data, name, column)
        return data

    def _present(self, cells: pa.Array) -> list[str]:
        """Return the units that stand in a column: looking for each of them would cost a pass each."""
        units = UNITS[_KIND[self.to]]
        words = pc.utf8_trim(pc.utf8_ltrim(cells, characters="+-0123456789., \t"), characters=" \t")
        spelled = {word: unit for unit in units for word in (unit, *_SPELLINGS.get(unit, ()))}
        found = pc.unique(words.filter(pc.is_in(words, value_set=pa.array(list(spelled)))))
        present = {spelled[word] for word in found.to_pylist()}
        return [unit for unit in units if unit in present or unit == self.bare]

    def _pattern(self, unit: str) -> str:
        spellings = "|".join(re.escape(word) for word in (unit, *_SPELLINGS.get(unit, ())))
        mark = re.escape(self.decimal_mark)
        return rf"^\s*([-+]?\d+(?:{mark}\d+)?)\s*(?:{spellings}){'?' if unit == self.bare else ''}\s*$"

    def _converted(self, cells: pa.Array, *, unit: str, pattern: str) -> pa.Array:
        numbers = pc.replace_substring_regex(cells, pattern, r"\1")
        numbers = pc.replace_substring(pc.replace_substring_regex(numbers, r"^\+", ""), ",", ".")
        if unit == self.to:
            return numbers
        factor, offset = UNITS[_KIND[unit]][unit]
        to_factor, to_offset = UNITS[_KIND[self.to]][self.to]
        return linear(numbers, factor=factor / to_factor, offset=(offset - to_offset) / to_factor, digits=self.digits)
