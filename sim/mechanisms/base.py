"""What every part of a scenario shares: it is frozen, and knows its names; and the kinds of numbers there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.core.errors import Mistake, shown
from sim.core.reading import Source, explain, plain
from sim.mechanisms.registry import OWN_SECTIONS

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Above = Annotated[float, Field(gt=0)]
Month = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """What every part of a scenario shares: it is frozen, and a name it does not know is a mistake."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What was said; the rest are defaults."""
        yield from ((name, getattr(self, name)) for name in type(self).model_fields if name in self.model_fields_set)


class Spoken(type(BaseModel)):  # type: ignore[misc]  # the metaclass of pydantic has no public name
    """What is made by hand in Python is read as a file is: what is wrong with it is a mistake, told in a line each."""

    def __call__(cls, *arguments: Any, **content: Any) -> Any:
        """A model of this class.

        Raises:
            Mistake: with all that is wrong in what it is made of.
        """
        content = plain(content)
        try:
            return super().__call__(*arguments, **content)
        except ValidationError as error:
            raise Mistake(explain(error, cls, content, Source(cls.__name__))) from None


class Phase(Part):
    """A section that bears the name of a phase."""

    on: bool = True
    """Whether the phase runs. A phase that is off changes nothing: what it would set keeps its value at founding."""


class Mechanism(Part):
    """A part of a phase that is off unless a scenario switches it on."""

    on: bool = False
    """Whether the mechanism is at work. Off, it costs nothing and changes nothing."""

    def __init_subclass__(cls, section: str = "", **more: Any) -> None:  # Python itself would refuse the section
        super().__init_subclass__(**more)

    @classmethod
    def __pydantic_init_subclass__(cls, section: str = "", **more: Any) -> None:
        """Declare it as a section of its own, if a file from outside names one: `class Tax(Mechanism, section="tax")`.

        Raises:
            Mistake: if the name is taken, or is no word.
        """
        super().__pydantic_init_subclass__(**more)
        if not section:
            return
        if not section.isidentifier() or section in OWN_SECTIONS:
            raise Mistake([f"section {shown(section)} of {cls.__name__}: choose a word that no other section bears"])
        OWN_SECTIONS[section] = cls


def mechanisms(section: Part, prefix: str = "") -> Iterator[tuple[str, Mechanism]]:
    """Every mechanism of a scenario that can be switched on, by its full key."""
    for name, value in section:
        if isinstance(value, Mechanism):
            yield prefix + name, value
        elif isinstance(value, Part):
            yield from mechanisms(value, f"{prefix}{name}.")
