"""What a user got wrong, told in one clear line each."""

from __future__ import annotations


class Mistake(Exception):
    """One line a mistake: what is wrong, what is allowed, and the nearest right name."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
