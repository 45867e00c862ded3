"""The catalogue: every number that a run reports, with its unit, its meaning and its source.

It joins the registry of measures with the series and the columns of firms and ties. Documents, reports and `tide measures` read it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import NamedTuple

from sim.core.state import OWN_FIRM_COLUMNS, OWN_TIE_COLUMNS, SERIES, Firms, Ties
from sim.core.tables import FIRM_COLUMNS, TIE_COLUMNS
from sim.metrics.registry import MEASURES


def attribute_docs(owner: type) -> dict[str, str]:
    """The docstrings below the attributes of a class: name → text."""
    docs = {}
    for attribute, text in pairwise(ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0].body):  # type: ignore[attr-defined]
        match attribute, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(meaning))):
                docs[name] = inspect.cleandoc(meaning)
    return docs


_FIRM_UNITS = {
    "endowments": "endowment effort delivered tie_value shapley benefit payoff fine total_benefit total_effort total_shapley",
    "share of endowment": "aspiration disadvantage advantage grievance",
    "endowments per effort": "experience",
    "share": "reliability contribution belief rating",
    "months": "reserves",
    "month": "born",
    "partners": "partners",
    "strikes": "strikes",
    "utility": "satisfaction",
    "radians": "goal",
    "ratio": "know_how",
    "number": "id power slope envy guilt",
    "word": "firm role type",
}
_TIE_UNITS = {
    "endowments": "given delivered received worth ledger",
    "0 to 1": "alignment trust",
    "ratio": "weight complementarity",
    "months": "operational_good operational_bad relational_good relational_bad strategic_good strategic_bad",
    "number": "source target",
}


def _by_name(units: dict[str, str]) -> dict[str, str]:
    return {name: unit for unit, names in units.items() for name in names.split()}


def firm_columns() -> dict[str, tuple[str, str]]:
    """The columns of a run's firms: name → (unit, meaning)."""
    units, meanings = _by_name(_FIRM_UNITS), attribute_docs(Firms)
    meanings |= {"firm": "Its name: the user's, or one made of its id.", "partners": meanings["degree"]}
    named = ("firm", "id", "role", "type", "born", "partners", *FIRM_COLUMNS)
    return {name: OWN_FIRM_COLUMNS.get(name) or (units[name], meanings[name]) for name in named}


def tie_columns() -> dict[str, tuple[str, str]]:
    """The columns of a run's ties i → j: name → (unit, meaning)."""
    units, meanings = _by_name(_TIE_UNITS), attribute_docs(Ties)
    meanings |= {"source": "The id of i.", "target": "The id of j."}
    named = ("source", "target", *TIE_COLUMNS)
    return {name: OWN_TIE_COLUMNS.get(name) or (units[name], meanings[name]) for name in named}


class Row(NamedTuple):
    """One entry of the catalogue."""

    kind: str
    """measure, series, firm or tie."""
    name: str
    unit: str
    meaning: str
    source: str


def table() -> list[Row]:
    """Everything that a run reports: the measures, the series, the columns of firms and the columns of ties."""
    rows = [Row("measure", m.name, m.unit, m.meaning, m.source) for m in MEASURES.values()]
    for kind, columns in (("series", SERIES), ("firm", firm_columns()), ("tie", tie_columns())):
        rows += [Row(kind, name, unit, meaning, "definition") for name, (unit, meaning) in columns.items()]
    return rows
