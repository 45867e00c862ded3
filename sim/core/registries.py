"""Registries that stay open: what the files of the model and files from outside declare, and how all of it is taken back.

A registry is a dictionary or a list at the top of a module, made with `registry`. What is derived from registries and kept (layouts,
tables of places, schemas) is made anew by the functions that `after_change` names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

Content = TypeVar("Content", dict[Any, Any], list[Any])
Function = TypeVar("Function", bound=Callable[[], Any])
Result = TypeVar("Result", bound=Callable[..., Any])

_REGISTRIES: list[Any] = []
_AFTER: list[Callable[[], Any]] = []


def registry(content: Content) -> Content:
    """Know a dictionary or list as a registry."""
    _REGISTRIES.append(content)
    return content


def after_change(function: Function) -> Function:
    """Have a function called whenever something was declared after all files of the model, or was taken back."""
    _AFTER.append(function)
    return function


def derived(function: Result) -> Result:
    """Keep what a function returns, for each of its arguments, until something is declared or taken back."""
    kept = cache(function)
    _AFTER.append(kept.cache_clear)
    return kept  # type: ignore[return-value]


def changed() -> None:
    """Bring everything up to date that is derived from registries."""
    for function in _AFTER:
        function()


@contextmanager
def restored_on_error() -> Iterator[None]:
    """Take everything back that was declared in the block, if the block fails."""
    before = _contents()
    try:
        yield
    except BaseException:
        _restore(before)
        raise


@contextmanager
def temporary() -> Iterator[None]:
    """Take everything back, at the end of the block, that was declared in it."""
    before = _contents()
    try:
        yield
    finally:
        _restore(before)


def _contents() -> list[Any]:
    return [content.copy() for content in _REGISTRIES]


def _restore(before: list[Any]) -> None:
    for content, was in zip(_REGISTRIES, before, strict=True):
        if isinstance(content, dict):
            content.clear()
            content.update(was)
        else:
            content[:] = was
    changed()
