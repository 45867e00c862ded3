"""The page of a comparison of designs: the verdict first, then its evidence, its costs, and the assumptions that would change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from sim.core.errors import Mistake, counted
from sim.core.results import identity
from sim.core.state import SERIES
from sim.experiments import Result
from sim.experiments.analysis.filming import film
from sim.experiments.analysis.rerun import again
from sim.experiments.comparison import AS_IT_IS, doubts_of, flips
from sim.experiments.design.spaces import Range
from sim.experiments.design.study import TREATMENT
from sim.experiments.stress import AT, caps_of, distance_to_collapse, keep_stress, kept_stress
from sim.mechanisms.sentences import value_of
from sim.metrics import MEASURES
from sim.metrics.stats import UNKNOWN, Estimate
from sim.reports import accounts_page, board_figures
from sim.reports import verdict as verdicts
from sim.reports.blocks import Block, Cell, Commands, Figure, Heading, Points, Replay, Table, Text, Title, texts
from sim.reports.board_figures import words
from sim.reports.markdown import slug
from sim.reports.page_parts import assumptions, described
from sim.reports.prose import said
from sim.reports.prose.page import design_sentences, plain
from sim.reports.replay import Film, pace
from sim.reports.style import save
from sim.reports.verdict import is_race, quoted, standing
from sim.reports.wording import (
    SPACE,
    between,
    command,
    in_percent,
    level,
    months_of,
    named,
    percent,
    say,
    sentence,
    spelled,
    uncapitalised,
)
from sim.scenario import Scenario
from sim.scenario.designs import Design

SHOWN_BY = {"survival": "firms", "collapsed": "firms", "final_firms": "firms", "mean_contribution": "contribution"}
"""Measures of a whole run, and the series that shows how they come about; others have a series of their name, or none."""
OTHERWISE = "welfare"
"""The series that is shown if the measure has none."""
RERUNS = 20
"""Runs of each design that are run again if a comparison kept no months."""
BEST = "★"


def board(result: Result) -> Iterator[Block]:
    """The page of a comparison."""
    return Board(result).blocks()


class Board:
    """What the page of a comparison is made of.

    Args:
        result: of a race (`tide compare`).
    """

    def __init__(self, result: Result) -> None:
        self.result, self.race = result, verdicts.race_of(result)
        self.names = list(result.study.treatments)
        self.place = result.folder.resolve().name
        order = verdicts.ranked(result) or self.names
        self.first, self.best = self.names[0], order[0]
        other = next((name for name in order if name not in (self.first, self.best)), self.names[-1])
        self.beside = self.best if self.best != self.first else other
        self.base = Scenario.load(result.folder / "scenario.toml", kept=True)

    @cached_property
    def figures(self) -> dict[str, Drawing]:
        """The figures by name: those that `tide report --figures` writes."""
        draw, scenes = board_figures.map_figure, self._scenes()
        maps = {name: draw(name, self.film, run, month) for name, _title, run, month in scenes}
        return {**dict(self._differences()), "trajectories": self._trajectories(), **maps, **self._shares()}

    def blocks(self) -> Iterator[Block]:
        """The parts of the page, in their order."""
        lines = [self.in_words(line) for line in verdicts.verdict_lines(self.result)]
        yield Title(lines[0], self._lead(lines[-1]), self.base.description, kicker=self.base.title)
        yield Heading("The verdict, pair by pair")
        yield from texts(lines[1:-1])
        yield from self._changes()
        yield from self._comparison()
        yield from self._costs()
        yield from self._over_time()
        yield from self._network()
        yield from self._accounts()
        yield from self._stress()
        yield from self._doubts()
        yield from assumptions(self.base)
        yield from self._provenance()

    # Words

    def in_words(self, line: str) -> str:
        """A sentence with the names of designs in words; the key of a lever at its beginning stays as it is typed."""
        line = line.replace(quoted(AS_IT_IS), AS_IT_IS)  # quoted below, wherever it stands
        for name in sorted(self.names, key=len, reverse=True):
            line = line.replace(name, f"“{name}”" if name == AS_IT_IS else words(name))
        return line if "." in line.partition(" ")[0].rstrip(".") else sentence(line)

    def _lead(self, promise: str) -> list[str]:
        """The runs that the verdict rests on, and how certain it is."""
        runs, designs = counted(len(self.result.runs), "simulated run"), counted(len(self.names), "design")
        failed = f" {self.result.failed} of them failed." * bool(self.result.failed)
        alike = "No difference was declared too small to matter."
        if self.race.alike:
            alike = f"Means that differ by no more than {spelled(self.race.alike)} count as alike."
        return [
            say("board.rests", runs=runs, designs=designs, each=self.result.replicates, failed=failed),
            f"Confidence {percent(self.race.confidence)}: {uncapitalised(promise)} {alike}",
        ]

    def figure(self, label: str, alt: str, by: str = "", caption: bool = True) -> Figure:
        """A figure on the page; with its description below it, unless the figure shows that in words already."""
        return Figure(self.figures[label], alt, by, caption, letters=True)

    # The designs

    def _changes(self) -> Iterator[Block]:
        rows: list[list[str]] = []
        yield Heading("What each design changes")
        for number, (name, changes) in enumerate(self.result.study.treatments.items()):
            if not changes:
                yield Points(words(name), ["The scenario without any design."])
                continue
            scenario = self.result.scenario_of(number)
            new = {key: value for key, value in changes.items() if value_of(self.base, key) != value_of(scenario, key)}
            sentences = design_sentences(Design(title=name, set=new)) if new else ["It changes nothing here."]
            yield Points(words(name), [plain(each) for each in sentences])
            rows += [
                [words(name), key, plain(_value(self.base, key)), plain(_value(scenario, key)), described(key)]
                for key in new
                if not key.startswith(("interventions", "programme"))
            ]
        yield Table("Key by key", ["design", "key", words(self.first), "under the design", "meaning"], rows)

    # The outcomes

    @cached_property
    def _effects(self) -> pd.DataFrame:
        return self.result.effects()

    def _rows(self, measure: str) -> list[dict[Any, Any]]:
        """The effects of the designs on a measure."""
        return self._effects[self._effects["measure"] == measure].to_dict("records")

    @cached_property
    def _means(self) -> dict[tuple[str, str], Estimate]:
        """Means of the measures by design, over all its runs, with their intervals."""
        rows = self.result.summary(self.result.shown).to_dict("records")
        return {(row["measure"], row[TREATMENT]): Estimate(row["mean"], row["low"], row["high"]) for row in rows}

    def _differences(self) -> Iterator[tuple[str, Drawing]]:
        for measure in self.result.shown:
            rows = self._rows(measure)
            if not all(np.isnan(row["difference"]) for row in rows):
                mean = self._means.get((measure, self.first), UNKNOWN).value
                yield f"difference {measure}", board_figures.difference_figure(measure, rows, self.first, mean)

    def _comparison(self) -> Iterator[Block]:
        first = words(quoted(self.first))
        yield Heading("The comparison")
        yield Text(say("board.comparison", first=first))
        yield from self._incomplete()
        for label in self.figures:
            kind, _, measure = label.partition(" ")
            if kind != "difference":
                continue
            rows = self._rows(measure)
            most, unit = max(row["runs"] for row in rows), " (points)" * in_percent(measure)
            parts = (
                f"{words(row['treatment'])} {board_figures.difference_text(row, measure, most)}{unit}"
                + {"good": ", better", "bad": ", worse", "": ", not shown"}[standing(row["shows"], measure)]
                for row in rows
            )
            yield self.figure(
                label, f"{sentence(words(measure))} compared with {first}: {'; '.join(parts)}.", caption=False
            )
        yield Commands(self._again())

    def _incomplete(self) -> Iterator[Block]:
        """A remark on measures for which some pairs of runs have no value, if there are any."""
        tried = self._effects.groupby("treatment")["runs"].transform("max") > 0  # of a failed design nothing is known
        known = self._effects[tried]
        fewer = known[known["runs"] < known["runs"].max()]["measure"].unique()
        if len(fewer):
            listed = ", ".join(words(measure) for measure in self.result.shown if measure in fewer)
            yield Text(say("board.incomplete", measures=listed))

    def _costs(self) -> Iterator[Block]:
        effects = self._effects.set_index(["measure", "treatment"])
        rows = []
        for measure in self.result.shown:
            lead = verdicts.leader(self.result, measure)
            cells = [self._cell(effects, measure, name, name == lead) for name in self.names]
            rows.append([words(measure), *cells, MEASURES[measure].unit, MEASURES[measure].meaning])
        caption = say("board.means", first=words(quoted(self.first)), best=BEST)
        yield Heading("What it costs")
        yield from texts(map(self.in_words, verdicts.trade_off_lines(self.result)))
        yield Table(caption, ["", *map(words, self.names), "unit", "meaning"], rows, range(1, 1 + len(self.names)))

    def _cell(self, effects: pd.DataFrame, measure: str, name: str, leads: bool) -> Cell:
        """The mean of a design with its mark and interval."""
        sign, (mean, low, high) = verdicts.mark(effects, measure, name), self._means.get((measure, name), UNKNOWN)
        text = f"{level(measure, mean)}{sign}{f' {BEST}' * leads}".replace(" ", SPACE)
        if np.isfinite([low, high]).all():
            text += f"\n[{level(measure, low)}, {level(measure, high)}]"
        return Cell.of(text, {" +": "good", " −": "bad"}.get(sign, ""))

    # Month by month

    @property
    def _series(self) -> str:
        measure = self.race.measure
        return SHOWN_BY.get(measure, measure if measure in SERIES else OTHERWISE)

    def _months(self) -> pd.DataFrame:
        """Median and middle half of the main series, by design and month."""
        name, done = self._series, self.result.done
        if self.result.study.keep.series:
            kept = self.result.series[["run", "month", name]].merge(done[["run", TREATMENT]], on="run")
        else:
            few = done.groupby(TREATMENT, sort=False).head(RERUNS)
            tables = [again(self.result, run).series[["month", name]].assign(run=run) for run in few["run"]]
            kept = pd.concat(tables).merge(few[["run", TREATMENT]], on="run")
        quantiles = kept.groupby([TREATMENT, "month"], sort=False)[name].quantile(np.array([0.25, 0.5, 0.75])).unstack()
        return quantiles.set_axis(["low", "middle", "high"], axis=1).reset_index().rename(columns={TREATMENT: "design"})

    def _trajectories(self) -> Drawing:
        series, name, unit = self._months(), _called(self._series), SERIES[self._series][0]
        there = set(series["design"])
        palette = board_figures.palette(self.names, self.best)
        colours = {name: colour for name, colour in palette.items() if name in there}
        return board_figures.trajectory_figure(series, name, unit, colours, unit == "share")

    def _over_time(self) -> Iterator[Block]:
        name, measure = _called(self._series), words(self.race.measure)
        yield Heading("Month by month")
        if self._series != self.race.measure:
            yield Text(f"A single month has no {measure}; the figure shows {name}. {SERIES[self._series][1]}")
        alt = f"{sentence(name)} month by month: the median run of each design, and the band of the middle half of its runs."
        yield self.figure("trajectories", alt)
        yield Commands(self._again())

    # One typical run

    @cached_property
    def seed(self) -> int:
        """The seed under which both designs of the film come out nearest to their medians."""
        table = self.result.done.pivot(index="seed", columns=TREATMENT, values=self.race.measure)
        table = table.reindex(columns=[self.first, self.beside]).dropna()
        if table.empty:
            return int(self.result.runs["seed"].iloc[0])
        return int(table.index.to_numpy()[(table.rank(pct=True) - 0.5).abs().sum(axis=1).to_numpy().argmin()])

    @cached_property
    def film(self) -> Film:
        """The scenario as it is and the design beside it, under that seed."""
        chosen = {name: self.result.scenario_of(self.names.index(name)) for name in (self.first, self.beside)}
        size = int(self.result.done["final_firms"].max())
        films = {name: film(each, self.seed, pace(each.run.steps, size), lean=True) for name, each in chosen.items()}
        return Film(films)

    def _scenes(self) -> list[tuple[str, str, str, int]]:
        """The maps: name of the figure, title, run, month."""
        ends = {name: max(run.snapshots) for name, run in self.film.runs.items()}
        after = [(f"map {name}", f"{words(name)}, after {months_of(end)}", name, end) for name, end in ends.items()]
        return [("map before", "at the beginning", self.first, 0), *after]

    def _network(self) -> Iterator[Block]:
        hidden = f" {counted(self.film.hidden, 'firm')} with fewer partners are not on the maps." * bool(
            self.film.hidden
        )
        yield Heading("The network, before and after")
        first, beside = (words(quoted(name)) for name in (self.first, self.beside))
        measure = words(self.race.measure)
        about = {"seed": self.seed, "first": first, "beside": beside, "measure": measure, "hidden": hidden}
        yield Text(say("board.typical", **about))
        reruns = {name: command("tide", "rerun", self.place, "--run", self._run_of(name)) for name in self.film.runs}
        for label, title, name, month in self._scenes():
            firms, ties = self.film.runs[name].snapshots[month]
            trust = f", mean trust {ties.trust.mean():.2f}" if len(ties) else ""
            alt = f"{sentence(title)}: {counted(len(firms), 'firm')}, {counted(len(ties) // 2, 'partnership')}{trust}."
            yield self.figure(label, alt, reruns[name])
        data = self.film.data()
        for stage in data["stages"]:
            stage["title"] = words(stage.pop("name"))
        yield Replay(data, say("board.replay"), list(reruns.values()))

    def _run_of(self, name: str) -> int:
        """The number of the typical run of a design."""
        runs = self.result.runs
        return int(runs[(runs[TREATMENT] == name) & (runs["seed"] == self.seed)]["run"].iloc[0])

    # Who gets what

    def _short(self) -> dict[str, str]:
        """The three firms that fall shortest of their share in the scenario as it is: name of the figure → name."""
        run = self.film.runs[self.first]
        if not accounts_page.has_accounts(run) or run.firms.empty:
            return {}
        lacking = accounts_page.of_month(run)
        few = lacking[lacking["gap_share"] < -accounts_page.SLIGHT].head(3)
        return {f"share {who}": named(str(firm)) for who, firm in zip(few["id"], few["firm"], strict=True)}

    def _shares(self) -> dict[str, Drawing]:
        """The shares of these firms, and their Shapley shares, over time."""
        table = self.film.runs[self.first].accounts()
        ids = table["id"].astype(str)
        return {
            label: board_figures.share_figure(label, table[ids == label.removeprefix("share ")], name)
            for label, name in self._short().items()
        }

    def _accounts(self) -> Iterator[Block]:
        has = accounts_page.has_accounts
        shared = {name: run for name, run in self.film.runs.items() if has(run) and not run.firms.empty}
        if not shared:
            return
        yield Heading("Who gets what they contribute")
        yield Text(say("board.shares"))
        for name, run in shared.items():
            for line in (*accounts_page.subsidy_lines(run)[:1], accounts_page.leaving_line(run)):
                yield Text(f"{self.in_words(name)}: {uncapitalised(line)}")
        for label, name in self._short().items():
            alt = f"The share that {name} gets under {words(self.first)}, and its Shapley share."
            yield self.figure(label, alt, caption=False)
        for name, run in shared.items():
            end = accounts_page.of_month(run)
            months = months_of(int(end["months"].max()))
            caption = f"{words(name)}: the largest gaps in the last {months} of the typical run"
            if (table := accounts_page.accounts_table(accounts_page.most_apart(end), caption)).rows:
                yield table
        yield Commands(
            [command("tide", "accounts", self.place, "--run", self._run_of(name)) for name in self.film.runs]
        )

    # How certain

    def _stress(self) -> Iterator[Block]:
        found = kept_stress(self.result.folder)
        if found is not None:
            yield Heading("How far from collapse")
            yield from texts(map(self.in_words, [*verdicts.stress_lines(found), *verdicts.stress_notes(found)]))
            yield verdicts.stress_table(found)
            yield Commands([command("tide", "report", self.place, "--stress")])

    def _doubts(self) -> Iterator[Block]:
        doubts = doubts_of(self.result)
        if doubts is None:
            return
        measure, order = self.race.measure, verdicts.ranked(self.result)
        spans = {name: span for name, span in doubts.study.factors.items() if isinstance(span, Range)}
        ranges = ", ".join(f"{name} from {spelled(span.low)} to {spelled(span.high)}" for name, span in spans.items())
        yield Heading("If assumptions are wrong")
        yield from texts([f"Uncertain: {ranges}.", *map(self.in_words, verdicts.doubt_lines(doubts, self.race, order))])
        yield verdicts.regret_table(doubts, measure)
        caption = f"Difference in {words(measure)} between {words(order[0])} and others at both ends of each assumption"
        header = ["compared with", "assumption", "at its low end", "at its high end", "ranking changes at"]
        yield Table(
            caption, header, [row for other in order[1:] for row in _flips(doubts, measure, order[0], other)], {2, 3, 4}
        )
        yield Commands([command("tide", "sweep", f"{doubts.folder.name}/study.toml")])

    # Where it comes from

    def _again(self) -> list[str]:
        """The commands that make the runs again, and the figures out of them."""
        return [
            command("tide", "sweep", f"{self.place}/study.toml", "--out", f"{self.place}-again"),
            command("tide", "report", self.place, "--figures", "figures"),
        ]

    def _provenance(self) -> Iterator[Block]:
        manifest, seeds = self.result.manifest, self.result.runs["seed"]
        rows = [
            ["capsule", str(manifest.get("hash", ""))],
            ["page of result", identity(self.result.folder)],
            ["source of the model", str(manifest["source"])],
            ["versions", ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())],
            ["seeds", f"{seeds.nunique():,} seeds from {seeds.min()} to {seeds.max()}"],
            ["runs", f"{len(seeds):,}, {self.result.failed} failed"],
            *([name, hashed] for name, hashed in sorted(manifest.get("tables", {}).items())),
        ]
        yield Heading("Provenance")
        yield Text(say("board.provenance"))
        yield Table("Where it comes from", ["item", "value"], rows)
        verify, report = command("tide", "verify", self.place, "--sample", "20"), command("tide", "report", self.place)
        yield Commands([verify, *self._again(), report])


def _flips(doubts: Result, measure: str, best: str, other: str) -> Iterator[list[str]]:
    """The difference of two designs at both ends of each assumption, and where it changes its sign."""
    for row in flips(doubts, measure, best, other).to_dict("records"):
        ends = (between(row[end], row[f"{end}_low"], row[f"{end}_high"]) for end in ("at_low", "at_high"))
        yield [words(other), row["assumption"], *ends, spelled(row["where"])]


def _value(scenario: Scenario, key: str) -> str:
    """The value of a key in words; a whole part by its keys."""
    value = value_of(scenario, key)
    return said(scenario, key) if not hasattr(value, "model_dump") else str(value.model_dump(mode="json"))


def _called(series: str) -> str:
    """What a series is called."""
    return "members" if series == "firms" else words(series)


def stressed(
    result: Result, runs: int = 20, workers: int | None = None, tell: Callable[[str], None] | None = None
) -> None:
    """Find how far every design of a comparison is from collapse, and keep it beside the result, for its page.

    Args:
        result: of a comparison.
        runs: searches of each kind, a seed each.
        workers: how many runs at once; all cores by default.
        tell: called with the design that is being tried.

    Raises:
        Mistake: if it is no comparison.
    """
    if not is_race(result):
        raise Mistake([f"{result.folder}: is no comparison of designs; --stress is for results of tide compare"])
    designs = {name: result.scenario_of(place) for place, name in enumerate(result.study.treatments)}
    at = min(AT, *(scenario.run.steps // 2 for scenario in designs.values()))
    caps = caps_of(designs, result.study.treatments)
    keep_stress(result.folder, distance_to_collapse(designs, range(runs), at=at, caps=caps, workers=workers, tell=tell))


def save_figures(result: Result, folder: Path) -> list[Path]:
    """Write the figures of a comparison's page, as SVG and as PNG.

    Raises:
        Mistake: if it is no comparison, or the folder cannot be written.
    """
    if not is_race(result):
        raise Mistake([f"{result.folder}: is no comparison of designs; its figure is figure.png"])
    written = []
    for name, figure in Board(result).figures.items():
        paths = [folder / f"{slug(name)}{suffix}" for suffix in (".svg", ".png")]
        save(figure, *paths, identifier=identity(result.folder))
        written += paths
    return written
