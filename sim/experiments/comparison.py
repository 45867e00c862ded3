"""Comparing designs of governance: a race over one measure, what it costs in others, and whether other assumptions would turn it round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.core import bundled, rng
from sim.core.errors import Mistake
from sim.core.extensions import Named, use
from sim.core.lookup import beside
from sim.core.results import kind_of
from sim.experiments.analysis import curves
from sim.experiments.analysis.result import Result
from sim.experiments.design.spaces import Range
from sim.experiments.design.study import TREATMENT, Study
from sim.metrics import MEASURES
from sim.metrics.stats import Estimate
from sim.model.founding import check_files
from sim.scenario.designs import Design, conflicts

AS_IT_IS = "as it is"
"""What the scenario is called beside the designs that are laid over it."""
CRITERIA = ("survival", "welfare", "orchestrator_income", "smallest_benefit", "trust", "governance_cost")
"""What designs are held against each other in, besides the measure that decides."""
BATCH = 20
"""Pairs of runs between two looks."""
POINTS, SEEDS = 64, 4
"""Worlds that are tried where assumptions are uncertain, and seeds in each."""
RESAMPLING = rng.purpose("comparison: which worlds a bootstrap sample holds")
RESAMPLES = 500


def comparison_study(
    base: str,
    designs: Mapping[str, Mapping[str, Any]],
    race: Mapping[str, Any],
    criteria: Sequence[str] = CRITERIA,
    most: int = 500,
    changes: Mapping[str, Any] | None = None,
) -> Study:
    """The study that compares a scenario as it is with designs laid over it.

    Args:
        base: a shipped scenario, or a file.
        designs: name → changes by full key.
        race: what decides, and with which confidence: the content of `replicates.race` in a study.
        criteria: the other measures that are shown.
        most: runs of a design at most.
        changes: to the scenario itself, by full key.

    Raises:
        Mistake: if there is no design, or one has the name of the scenario itself.
    """
    if not designs:
        raise Mistake(["designs: there are none; name at least one, e.g. --design votes"])
    if AS_IT_IS in designs:
        raise Mistake([f"designs: {AS_IT_IS!r} is what the scenario itself is called; give the design another name"])
    names = list(dict.fromkeys([race["measure"], *criteria]))
    return named(
        f"compare-{Path(base).stem}",
        {
            "title": f"Which is best on {str(race['measure']).replace('_', ' ')}: {', '.join([AS_IT_IS, *designs])}?",
            "scenario": base,
            "set": dict(changes or {}),
            "treatments": {AS_IT_IS: {}, **{name: dict(each) for name, each in designs.items()}},
            "replicates": {"count": min(BATCH, most), "at_most": most, "race": dict(race)},
            "effects": {"measures": names},
        },
    )


def compare(
    scenario: str | Path,
    designs: Sequence[str] | Mapping[str, Mapping[str, Any]],
    measure: str = "survival",
    *,
    better: str | None = None,
    confidence: float = 0.95,
    alike: float = 0.0,
    bounds: tuple[float, float] | None = None,
    also: Sequence[str] = CRITERIA,
    at_most: int = 500,
    workers: int | None = None,
    out: str | Path | None = None,
    fresh: bool = False,
    extensions: Iterable[Named] = (),
    **changes: Any,
) -> Result:
    """Race designs against a scenario as it is, on the same luck, until it is known which is best (`Result.verdict`).

    Args:
        scenario: a shipped scenario, or a file.
        designs: shipped designs or files (`A+B` is both at once), or name → changes by full key.
        measure: what decides.
        better: "higher" or "lower"; by default what is good for the ecosystem.
        confidence: of all verdicts together.
        alike: means that differ by no more count as alike.
        bounds: between which values of the measure are taken to lie; those beyond count as the bound. Verdicts then hold whatever the
            distribution, rare large losses included.
        also: other measures that are shown.
        at_most: runs of each design at most.
        workers: runs at once; by default all cores.
        out: the folder of the result; by default one in results/.
        fresh: whether to run again what is there, and to replace the result of another comparison.
        **changes: to the scenario itself, by full key.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Raises:
        Mistake: with all that is wrong.
    """
    use(*extensions)
    from sim.experiments.sweeping import sweep  # only who compares needs engines

    race: dict[str, Any] = {"measure": measure, "better": better, "confidence": confidence, "alike": alike}
    race |= {"bounds": bounds} if bounds else {}
    chosen = designs if isinstance(designs, Mapping) else laid(designs)
    return sweep(comparison_study(str(scenario), chosen, race, also, at_most, changes), workers, out, fresh=fresh)


def named(name: str, content: dict[str, Any]) -> Study:
    """A study of a name."""
    study = Study(**content)
    study._name = name
    return study


def unable(study: Study) -> Iterator[str]:
    """The designs under which the firms of the study's own files cannot even be founded, and why: all their runs would fail."""
    for name, scenario in zip(study.treatments, study.designs(), strict=True):
        try:
            check_files(scenario)
        except Mistake as mistake:
            yield f"{name} cannot be tried here, and all its runs will fail: {mistake.lines[0]}"


def doubted(study: Study, ranges: Mapping[str, tuple[float, float]], points: int = POINTS, seeds: int = SEEDS) -> Study:
    """The same designs in worlds that differ in what is not known for sure: each under so many points of the ranges.

    A design that sets what is doubted keeps its own value; it is in doubt under the others alone.

    Raises:
        Mistake: with everything that is wrong in a range, or in a design at a point of it.
    """
    found = named(
        f"{study.name}-assumptions",
        {
            "title": f"{study.title.removesuffix('?')}, whatever the assumptions?",
            "scenario": study.scenario_file(),
            "set": study.set,
            "treatments": study.treatments,
            "factors": {name: {"low": low, "high": high} for name, (low, high) in ranges.items()},
            "treatments_win": True,
            "space": {"kind": "sobol", "points": points},
            "replicates": {"count": seeds},
            "keep": {"series": False},
        },
    )
    found.designs()
    return found


def doubts_place(folder: Path) -> Path:
    """Where the worlds of a comparison lie in which its assumptions are doubted: beside it."""
    at = folder if folder.name else folder.resolve()
    return at.with_name(f"{at.name}-assumptions")


def doubts_of(result: Result) -> Result | None:
    """The same designs in worlds that differ in what is doubted, if they have been tried for this comparison; else nothing."""
    place = doubts_place(result.folder)
    if kind_of(place) != "sweep":
        return None
    found = Result.read(place)
    same = ("treatments", "set")
    ours, theirs = result.manifest, found.manifest
    agreed = all(ours["study"].get(key) == theirs["study"].get(key) for key in same)
    return found if agreed and found.factors and ours["scenario"] == theirs["scenario"] else None


def laid(designs: Sequence[str], folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """Designs by name, as changes by full key; `A+B` is both at once.

    Args:
        designs: shipped designs, or files.
        folder: of the file that names them; None if the person does.

    Raises:
        Mistake: if one is wrong or lies elsewhere, two that go together contradict each other, or two have the same name.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in designs:
        names = [text] if ((folder or Path()) / text).is_file() else text.split("+")
        parts = [Design.load(beside(name, folder, bundled.designs(), "a search")) for name in names]
        if contradictions := list(conflicts(parts)):
            raise Mistake(contradictions)
        name = "+".join(part.name for part in parts)
        if name in found:
            raise Mistake([f"designs: {name} is named twice; name each once"])
        found[name] = {key: value for part in parts for key, value in part.set.items()}
    return found


def saved(result: Result) -> dict[tuple[str, str], float]:
    """How many times as many runs the same intervals would take on independent luck, by pair: (Var A + Var B) / Var(A − B)."""
    race = result.study.replicates.race
    assert race is not None
    names = list(result.study.treatments)
    found = {}
    for one, other in combinations(names, 2):
        first, second = result.pairs(race.measure, names.index(one), names.index(other))
        apart = (first - second).var(ddof=1) if first.size > 1 else 0.0
        found[one, other] = float((first.var(ddof=1) + second.var(ddof=1)) / apart) if apart > 0 else np.nan
    return found


def worlds(result: Result, measure: str) -> pd.DataFrame:
    """A measure in every world of a doubted comparison: a row a world (what is assumed in it), a column a design, means over seeds."""
    done = result.done
    return done.pivot_table(index=result.factors, columns=TREATMENT, values=measure, sort=False)[
        list(result.study.treatments)
    ]


def regret(result: Result, measure: str) -> pd.DataFrame:
    """What each design would be regretted by: how far it stays behind the best one of the same world (Savage 1951).

    Returns:
        A row a design: the `mean` and the `most` it is behind over all worlds, and the share of them in which it is `best`.
    """
    values = worlds(result, measure)
    values = -values if MEASURES[measure].less_is_better else values
    behind = values.rsub(values.max(axis=1), axis=0)
    best = values.eq(values.max(axis=1), axis=0)
    found = pd.DataFrame(
        {"mean": behind.mean(), "most": behind.max(), "best": best.div(best.sum(axis=1), axis=0).mean()}
    )
    return found.rename_axis("design").reset_index()


def flips(result: Result, measure: str, one: str, other: str) -> pd.DataFrame:
    """Which assumption would turn the ranking of two designs round: where the line through their differences crosses 0.

    Differences of all worlds are laid over each assumption, and a straight line through them (least squares); the others differ along.

    Returns:
        A row an assumption, those that turn it round first: the difference (`one` − `other`) `at_low` and `at_high` end of its range with
        95 % intervals (by bootstrap over worlds), whether it `flips` (the two are of opposite signs, and neither interval holds 0), and
        `where` with its interval.
    """
    table = worlds(result, measure)
    difference = (table[one] - table[other]).to_numpy()
    rows = []
    for place, name in enumerate(result.factors):
        at = table.index.get_level_values(place).to_numpy(float)
        rows.append(_line(name, at, difference, result.study.factors[name]))
    return pd.DataFrame(rows).sort_values(["flips", "slope"], key=abs, ascending=False, ignore_index=True)


def _line(name: str, at: np.ndarray, difference: np.ndarray, span: Any) -> dict[str, Any]:
    """A row of `flips`."""
    known = ~np.isnan(difference)
    place = (at[known] - span.low) / (span.high - span.low)
    samples = np.array([_ends(place[rows], difference[known][rows]) for rows in _resampled(int(known.sum()))])
    ends = _ends(place, difference[known])
    few = known.sum() < curves.FEWEST
    bounds = np.full((2, 2), np.nan) if few else np.quantile(samples, [0.025, 0.975], axis=0)
    low, high = (Estimate(ends[k], *bounds[:, k]) for k in (0, 1))
    turns = (low.high < 0 < high.low) or (high.high < 0 < low.low)
    where = _zero(span, *ends)
    crossings = [_zero(span, *each) for each in samples]
    around = np.nanquantile(crossings, [0.025, 0.975]) if turns else (np.nan, np.nan)
    return {
        "assumption": name,
        "at_low": low.value,
        "at_low_low": low.low,
        "at_low_high": low.high,
        "at_high": high.value,
        "at_high_low": high.low,
        "at_high_high": high.high,
        "slope": high.value - low.value,
        "flips": turns,
        "where": where if turns else np.nan,
        "where_low": around[0],
        "where_high": around[1],
    }


def _ends(place: np.ndarray, difference: np.ndarray) -> tuple[float, float]:
    """What a straight line says at both ends of a range."""
    centre = place.mean()
    spread = ((place - centre) ** 2).sum()
    slope = ((place - centre) * difference).sum() / spread if spread > 0 else 0.0
    return difference.mean() - slope * centre, difference.mean() + slope * (1 - centre)


def _zero(span: Range, low: float, high: float) -> float:
    """Where a line between two ends is 0; NaN if it is not between them."""
    share = low / (low - high) if low != high else np.nan
    return span.low + share * (span.high - span.low) if 0 <= share <= 1 else np.nan


def _resampled(count: int) -> Iterator[np.ndarray]:
    """Which worlds each bootstrap sample holds."""
    key = rng.key(0)
    for sample in range(RESAMPLES):
        yield (rng.uniforms(key, RESAMPLING, sample, np.arange(count)) * count).astype(int)
