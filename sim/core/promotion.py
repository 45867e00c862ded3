"""Single precision in plain Python, promoted as in compiled code.

Numba makes a number of double precision out of a single and a Python float; NumPy rounds the float to single precision instead (NEP 50).
Where compiling is off (`NUMBA_DISABLE_JIT=1`), columns of single precision hand out numbers of the class `Single`, so that plain and
compiled runs give the same bits.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np


class Single(np.float32):
    """A number of single precision; together with anything but another one, it counts as double precision."""


class SingleColumn(np.ndarray):
    """A column of single precision whose numbers are promoted as in compiled code."""

    def __getitem__(self, key: Any) -> Any:
        """A number, or a part of the column."""
        found = super().__getitem__(key)
        return Single(found) if type(found) is np.float32 else found


def _single(value: Any) -> Any:
    """A result of single precision as one that is promoted; truth values stay as they are."""
    return Single(value) if isinstance(value, np.float32) else value


def _binary(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An operator on a single and another number."""

    def apply(self: Any, other: Any) -> Any:
        if isinstance(other, np.float32):
            return _single(compute(np.float32(self), np.float32(other)))
        return compute(np.float64(self), other)

    return apply


def _reflected(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The same, with the single on the right."""
    return _binary(lambda mine, other: compute(other, mine))


def _unary(compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An operator on a single alone."""
    return lambda self: _single(compute(np.float32(self)))


for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Single, f"__{_name}__", _binary(getattr(operator, _name)))
    setattr(Single, f"__r{_name}__", _reflected(getattr(operator, _name)))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Single, f"__{_name}__", _binary(getattr(operator, _name)))
for _name in ("neg", "pos", "abs"):
    setattr(Single, f"__{_name}__", _unary(getattr(operator, _name)))
Single.__hash__ = np.float32.__hash__  # type: ignore[method-assign]  # defining == took it away
