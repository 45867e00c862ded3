"""A comparison of designs as a page to decide by: the verdict first, then what it rests on, what it costs, and what would turn it round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sim.core.errors import Mistake, counted
from sim.core.results import identity
from sim.core.state import SERIES
from sim.experiments import Result
from sim.experiments.analysis.filming import film
from sim.experiments.analysis.rerun import again
from sim.experiments.comparison import AS_IT_IS, doubts_of, flips, regret
from sim.experiments.design.spaces import Range
from sim.experiments.design.study import TREATMENT
from sim.experiments.stress import AT, caps_of, distance_to_collapse, keep_stress, kept_stress
from sim.mechanisms.sentences import value_of
from sim.metrics import MEASURES
from sim.metrics.stats import UNKNOWN, Estimate
from sim.reports.accounts_page import SLIGHT, has_accounts, leaving_line, of_month, subsidy_lines, told_accounts
from sim.reports.board_figures import (
    difference_figure,
    difference_text,
    map_figure,
    palette,
    share_figure,
    trajectory_figure,
    words,
)
from sim.reports.markdown import slug
from sim.reports.model_reference import meaning
from sim.reports.page_parts import (
    Cell,
    Picture,
    Points,
    Replay,
    Section,
    Told,
    assumptions,
    command,
    drawing,
    named,
    unquoted,
)
from sim.reports.prose import said
from sim.reports.prose.page import design_sentences, plain
from sim.reports.replay import Film, pace
from sim.reports.style import save
from sim.reports.tables import in_percent, level, spelled
from sim.reports.verdict import (
    STRAINS,
    asked,
    doubt_lines,
    leader,
    mark,
    quoted,
    ranked,
    standing,
    stress_cells,
    stress_lines,
    stress_notes,
    trade_off_lines,
    verdict_lines,
)
from sim.reports.wording import SPACE, months_of, percent
from sim.scenario import Scenario
from sim.scenario.designs import Design

SHOWN_BY = {"survival": "firms", "collapsed": "firms", "final_firms": "firms", "mean_contribution": "contribution"}
"""Measures of a whole run, and the series that shows how they come about; others have a series of their name, or none."""
OTHERWISE = "welfare"
"""The series that is shown where there is none of the measure."""
RERUNS = 20
"""Runs of each design that are run again where a comparison kept no months."""
BEST = "★"


class Board:
    """What the page of a comparison is made of.

    Args:
        result: of a race (`tide compare`).
    """

    def __init__(self, result: Result) -> None:
        self.result, self.race = result, asked(result)
        self.names = list(result.study.treatments)
        self.identifier = identity(result.folder)
        self.place = result.folder.resolve().name
        order = ranked(result) or self.names
        self.best = order[0]
        self.other = next((name for name in order if name not in (self.names[0], self.best)), self.names[-1])
        self.beside = self.best if self.best != self.names[0] else self.other
        self.base = Scenario.load(result.folder / "scenario.toml", kept=True)

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The figures by name: those that `tide report --figures` writes."""
        found = dict(self._differences())
        found["trajectories"] = self._trajectories()
        found |= self._maps()
        found |= self._shares()
        return found

    # Words

    @property
    def headline(self) -> str:
        """The verdict in a sentence."""
        return self.told(verdict_lines(self.result)[0])

    def told(self, line: str) -> str:
        """A sentence in which designs go by their names in words; the key of a lever at its beginning stays as it is typed."""
        line = line.replace(quoted(AS_IT_IS), AS_IT_IS)  # quoted below, wherever it stands
        for name in sorted(self.names, key=len, reverse=True):
            line = line.replace(name, f"“{name}”" if name == AS_IT_IS else words(name))
        return line if "." in line.partition(" ")[0].rstrip(".") else line[:1].upper() + line[1:]

    def lead(self) -> list[str]:
        """What the verdict rests on."""
        runs, designs = len(self.result.runs), len(self.names)
        failed = f" {self.result.failed} of them failed." if self.result.failed else ""
        alike = (
            f"Means that differ by no more than {spelled(self.race.alike)} count as alike."
            if self.race.alike
            else "No difference was declared too small to matter."
        )
        each = f"{self.result.replicates} of each of {counted(designs, 'design')}, every seed under every"
        runs_told = f"It rests on {counted(runs, 'simulated run')}: {each}"
        promise = verdict_lines(self.result)[-1]
        return [
            f"{runs_told} design, so that all meet the same luck.{failed}",
            f"Confidence {percent(self.race.confidence)}: {promise[:1].lower()}{promise[1:]} {alike}",
        ]

    def sections(self) -> Iterator[Section]:
        """The parts of the page, in their order."""
        yield Section("The verdict, pair by pair", [self.told(line) for line in verdict_lines(self.result)[1:-1]])
        yield self._changes()
        yield self._comparison()
        yield self._trade_offs()
        yield self._over_time()
        yield self._network()
        yield from self._accounts()
        yield from self._stress()
        yield from self._doubts()
        yield assumptions(self.base)
        yield self._provenance()

    # What is compared

    def _changes(self) -> Section:
        points, rows = [], []
        for name, changes in self.result.study.treatments.items():
            if not changes:
                points.append(Points(words(name), ["The scenario, with nothing laid over it."]))
                continue
            scenario = self.result.scenario_of(self.names.index(name))
            new = {key: value for key, value in changes.items() if value_of(self.base, key) != value_of(scenario, key)}
            sentences = design_sentences(Design(title=name, set=new)) if new else ["It changes nothing here."]
            points.append(Points(words(name), [plain(sentence) for sentence in sentences]))
            rows += [
                [words(name), key, plain(_value(self.base, key)), plain(_value(scenario, key)), unquoted(meaning(key))]
                for key in new
                if not key.startswith(("interventions", "programme"))
            ]
        told = Told("Key by key", ["design", "key", words(self.names[0]), "under the design", "meaning"], rows)
        return Section("What each design changes", tables=[told], points=points)

    # What comes out

    def _effects(self) -> pd.DataFrame:
        return self.result.effects()

    @cached_property
    def _means(self) -> dict[tuple[str, str], Estimate]:
        rows = self.result.summary(self.result.shown).to_dict("records")
        return {(row["measure"], row[TREATMENT]): Estimate(row["mean"], row["low"], row["high"]) for row in rows}

    def _mean(self, measure: str, name: str) -> Estimate:
        """Mean of a measure under a design, over all its runs, with its interval."""
        return self._means.get((measure, name), UNKNOWN)

    def _differences(self) -> Iterator[tuple[str, Figure]]:
        effects = self._effects()
        for measure in self.result.shown:
            rows = effects[effects["measure"] == measure].to_dict("records")
            if not all(np.isnan(row["difference"]) for row in rows):
                mean = self._mean(measure, self.names[0]).value
                yield f"difference {measure}", difference_figure(measure, rows, self.names[0], mean)

    def _comparison(self) -> Section:
        effects = self._effects()
        pictures = []
        for name, figure in self.figures.items():
            if not name.startswith("difference "):
                continue
            measure = name.removeprefix("difference ")
            rows = effects[effects["measure"] == measure].to_dict("records")
            most = max(row["runs"] for row in rows)
            unit = " (points)" if in_percent(measure) else ""
            told = [
                f"{words(row['treatment'])} {difference_text(row, measure, most)}{unit}"
                + {"good": ", better", "bad": ", worse", "": ", not shown"}[standing(row["shows"], measure)]
                for row in rows
            ]
            pictures.append(
                self.picture(
                    figure,
                    f"{words(measure).capitalize()} against {words(quoted(self.names[0]))}: {'; '.join(told)}.",
                    caption=False,
                )
            )
        lines = [
            (
                f"Mean difference of each design from {words(quoted(self.names[0]))} on the same luck, with its interval; where that "
                "holds 0, nothing is shown. Blue dots are better, red squares worse, hollow dots undecided."
            ),
            *self._incomplete(effects),
        ]
        return Section("The comparison", lines, pictures=pictures, commands=self.anew())

    def _incomplete(self, effects: pd.DataFrame) -> Iterator[str]:
        """Why some differences rest on fewer pairs, if any do."""
        known = effects[
            effects.groupby("treatment")["runs"].transform("max") > 0
        ]  # of a design that failed nothing is known at all
        fewer = known[known["runs"] < known["runs"].max()]["measure"].unique()
        if len(fewer):
            listed = ", ".join(words(measure) for measure in self.result.shown if measure in fewer)
            yield (
                f"Not every run has a number for {listed}: nobody may be left of whom to tell it. The difference is then over the pairs in "
                "which both runs have one, and need not be that of the two means, which are over all runs that have one."
            )

    def _trade_offs(self) -> Section:
        effects = self._effects().set_index(["measure", "treatment"])
        rows = []
        for measure in self.result.shown:
            first = leader(self.result, measure)
            cells = [self._cell(effects, measure, name, name == first) for name in self.names]
            rows.append([words(measure), *cells, MEASURES[measure].unit, MEASURES[measure].meaning])
        caption = (
            f"Means of each design, with intervals of 95{SPACE}%; + shown to be better and − worse than {words(quoted(self.names[0]))}; "
            f"{BEST} shown to be better than all others"
        )
        header = ["", *map(words, self.names), "unit", "meaning"]
        told = Told(caption, header, rows, set(range(1, 1 + len(self.names))))
        return Section("What it costs", [self.told(line) for line in trade_off_lines(self.result)], [told])

    def _cell(self, effects: pd.DataFrame, measure: str, name: str, leads: bool) -> str:
        sign = mark(effects, measure, name)
        mean, low, high = self._mean(measure, name)
        text = f"{level(measure, mean)}{sign}{f' {BEST}' if leads else ''}".replace(" ", SPACE)
        if np.isfinite([low, high]).all():
            text += f"\n[{level(measure, low)}, {level(measure, high)}]"
        return Cell.of(text, {" +": "good", " −": "bad"}.get(sign, ""))

    # How it comes about

    @property
    def _series(self) -> str:
        measure = self.race.measure
        return SHOWN_BY.get(measure, measure if measure in SERIES else OTHERWISE)

    def _months(self) -> pd.DataFrame:
        """Median and middle half of the main series, by design and month."""
        name = self._series
        done = self.result.done
        if self.result.study.keep.series:
            kept = self.result.series[["run", "month", name]].merge(done[["run", TREATMENT]], on="run")
        else:
            few = done.groupby(TREATMENT, sort=False).head(RERUNS)
            tables = [again(self.result, run).series[["month", name]].assign(run=run) for run in few["run"]]
            kept = pd.concat(tables).merge(few[["run", TREATMENT]], on="run")
        quantiles = kept.groupby([TREATMENT, "month"], sort=False)[name].quantile(np.array([0.25, 0.5, 0.75])).unstack()
        return quantiles.set_axis(["low", "middle", "high"], axis=1).reset_index().rename(columns={TREATMENT: "design"})

    def _trajectories(self) -> Figure:
        series = self._months()
        there = set(series["design"])
        colours = {name: colour for name, colour in palette(self.names, self.best).items() if name in there}
        name = self._series
        unit = SERIES[name][0]
        return trajectory_figure(series, _called(name), unit, colours, unit == "share")

    def _over_time(self) -> Section:
        name, measure = self._series, self.race.measure
        lines = []
        if name != measure:
            lines.append(f"No month has a {words(measure)} of its own; shown is {_called(name)}. {SERIES[name][1]}")
        alt = f"{_called(name).capitalize()} month by month: the median run of each design, and the band in which half of its runs lie."
        return Section(
            "Month by month", lines, pictures=[self.picture(self.figures["trajectories"], alt)], commands=self.anew()
        )

    # One typical run

    @cached_property
    def seed(self) -> int:
        """The luck under which both designs of the film come out nearest to their medians."""
        table = self.result.done.pivot(index="seed", columns=TREATMENT, values=self.race.measure)
        table = table.reindex(columns=[self.names[0], self.beside]).dropna()
        if table.empty:
            return int(self.result.runs["seed"].iloc[0])
        return int(table.index.to_numpy()[(table.rank(pct=True) - 0.5).abs().sum(axis=1).to_numpy().argmin()])

    @cached_property
    def film(self) -> Film:
        """The scenario as it is and the design beside it, under that luck."""
        chosen = {name: self.result.scenario_of(self.names.index(name)) for name in (self.names[0], self.beside)}
        size = int(self.result.done["final_firms"].max())
        return Film(
            {name: film(each, self.seed, pace(each.run.steps, size), lean=True) for name, each in chosen.items()}
        )

    def _scenes(self) -> list[tuple[str, str, str, int]]:
        """What is mapped: name of the figure, title, run, month."""
        first, ends = self.names[0], {name: max(run.snapshots) for name, run in self.film.runs.items()}
        scenes = [("map before", "at the beginning", first, 0)]
        return scenes + [
            (f"map {name}", f"{words(name)}, after {counted(month, 'month')}", name, month)
            for name, month in ends.items()
        ]

    def _maps(self) -> dict[str, Figure]:
        return {label: map_figure(label, self.film, run, month) for label, _title, run, month in self._scenes()}

    def _network(self) -> Section:
        numbers = {name: self._run_of(name) for name in self.film.runs}
        pictures = []
        for label, title, name, month in self._scenes():
            firms, ties = self.film.runs[name].snapshots[month]
            trust = f", mean trust {ties.trust.mean():.2f}" if len(ties) else ""
            alt = (
                f"{title.capitalize()}: {counted(len(firms), 'firm')}, {counted(len(ties) // 2, 'partnership')}{trust}."
            )
            again_by = command("tide", "rerun", self.place, "--run", numbers[name])
            pictures.append(self.picture(self.figures[label], alt, again_by))
        key = (
            "Colour is trust, from pale (none) to dark (full): that of a tie, or what a firm receives. Area is what a firm gets a "
            "month; rings are orchestrators. Names for which there is no room are left out."
        )
        hidden = (
            f" {counted(self.film.hidden, 'firm')} with fewer partners are left out of the maps."
            if self.film.hidden
            else ""
        )
        lines = [
            (
                f"One typical run: seed {self.seed}, under which {words(quoted(self.names[0]))} and {words(quoted(self.beside))} come out "
                f"nearest to their medians of {words(self.race.measure)}. Both meet the same luck. {key}{hidden}"
            )
        ]
        commands = [command("tide", "rerun", self.place, "--run", number) for number in numbers.values()]
        caption = "The same run month by month. Space and arrow keys work, too; hollow rings are firms that have left."
        data = self.film.data()
        for stage in data["stages"]:
            stage["title"] = words(stage.pop("name"))
        return Section(
            "The network, before and after", lines, pictures=pictures, replay=Replay(data, caption, commands)
        )

    def _run_of(self, name: str) -> int:
        """The number of the typical run of a design."""
        runs = self.result.runs
        found = runs[(runs[TREATMENT] == name) & (runs["seed"] == self.seed)]["run"]
        return int(found.iloc[0])

    # Who gets what

    def _short(self) -> dict[str, str]:
        """The three firms that are the most short of their share under the scenario as it is: name of the figure → name."""
        run = self.film.runs[self.names[0]]
        if not has_accounts(run) or run.firms.empty:
            return {}
        lacking = of_month(run)
        few = lacking[lacking["gap_share"] < -SLIGHT].head(3)
        return {f"share {who}": named(str(firm)) for who, firm in zip(few["id"], few["firm"], strict=True)}

    def _shares(self) -> dict[str, Figure]:
        """What they get against their Shapley shares, over time."""
        table = self.film.runs[self.names[0]].accounts()
        return {
            label: share_figure(label, table[table["id"].astype(str) == label.removeprefix("share ")], name)
            for label, name in self._short().items()
        }

    def _accounts(self) -> Iterator[Section]:
        tables, lines = [], []
        for name, run in self.film.runs.items():
            if not has_accounts(run) or run.firms.empty:
                continue
            end = of_month(run)
            caption = (
                f"{words(name)}: the largest gaps in the last {months_of(int(end['months'].max()))} of the typical run"
            )
            if (table := told_accounts(run, caption)).rows:
                tables.append(table)
            lines += [
                f"{self.told(name)}: {line[:1].lower()}{line[1:]}"
                for line in (*subsidy_lines(run)[:1], leaving_line(run))
            ]
        if not lines:
            return
        first = words(self.names[0])
        pictures = [
            self.picture(self.figures[label], f"What {name} gets under {first}, and its Shapley share.", caption=False)
            for label, name in self._short().items()
        ]
        told = (
            "The Shapley share is what a firm adds: its own platform value, and half of the value of its ties. Who gets less subsidises "
            "those who get more. Gaps are in endowments of an average firm."
        )
        runs = [command("tide", "accounts", self.place, "--run", self._run_of(name)) for name in self.film.runs]
        yield Section("Who gets what it brings", [told, *lines], tables, runs, pictures)

    # How sure

    def _stress(self) -> Iterator[Section]:
        found = kept_stress(self.result.folder)
        if found is None:
            return
        names = list(dict.fromkeys(found["design"]))
        cells = stress_cells(found)
        rows = [[told, *(cells[name, strain] for name in names)] for strain, told in STRAINS.items()]
        seeds = counted(int(found["seeds"].iloc[0]), "run")
        caption = f"The largest strain of each kind that half of {seeds} survive, with its interval of 95 %"
        table = Told(caption, ["strain", *map(words, names)], rows)
        lines = [self.told(line) for line in [*stress_lines(found), *stress_notes(found)]]
        yield Section("How far from collapse", lines, [table], [command("tide", "report", self.place, "--stress")])

    def _doubts(self) -> Iterator[Section]:
        doubts = doubts_of(self.result)
        if doubts is None:
            return
        measure, order = self.race.measure, ranked(self.result)
        lines = [self.told(line) for line in doubt_lines(doubts, self.race, order)]
        regrets = [
            [words(str(row["design"])), spelled(row["mean"]), spelled(row["most"]), percent(round(row["best"], 3))]
            for row in regret(doubts, measure).to_dict("records")
        ]
        spans = {name: span for name, span in doubts.study.factors.items() if isinstance(span, Range)}
        ranges = ", ".join(f"{name} from {spelled(span.low)} to {spelled(span.high)}" for name, span in spans.items())
        behind = Told(
            f"How far each stays behind the best of the same world, in {words(measure)} (regret)",
            ["design", "mean", "most", "is the best in"],
            regrets,
            {1, 2, 3},
        )
        turned = Told(
            f"Difference in {words(measure)} between {words(order[0])} and the others at both ends of each assumption",
            ["against", "assumption", "at its low end", "at its high end", "turns round at"],
            [row for other in order[1:] for row in self._flips(doubts, order[0], other)],
            {2, 3, 4},
        )
        again_by = command("tide", "sweep", f"{doubts.folder.name}/study.toml")
        yield Section("What if we are wrong", [f"In doubt: {ranges}.", *lines], [behind, turned], [again_by])

    def _flips(self, doubts: Result, best: str, other: str) -> Iterator[list[str]]:
        for row in flips(doubts, self.race.measure, best, other).to_dict("records"):
            ends = [
                f"{spelled(row[end])} [{spelled(row[f'{end}_low'])}, {spelled(row[f'{end}_high'])}]"
                for end in ("at_low", "at_high")
            ]
            yield [words(other), row["assumption"], *ends, spelled(row["where"])]

    # Where it comes from

    def anew(self) -> list[str]:
        """What makes the runs again, and the figures out of them."""
        return [
            command("tide", "sweep", f"{self.place}/study.toml", "--out", f"{self.place}-again"),
            command("tide", "report", self.place, "--figures", "figures"),
        ]

    def picture(self, figure: Figure, alt: str, again_by: str = "", caption: bool = True) -> Picture:
        """A figure on the page; with what it shows below it, unless that stands in it as it is."""
        return Picture(drawing(figure, self.identifier, alt, letters=True), alt, again_by, caption)

    def _provenance(self) -> Section:
        manifest, seeds = self.result.manifest, self.result.runs["seed"]
        versions = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
        rows = [
            ["capsule", str(manifest.get("hash", ""))],
            ["page of result", self.identifier],
            ["source of the model", str(manifest["source"])],
            ["versions", versions],
            ["seeds", f"{seeds.min()} to {seeds.max()}, {seeds.nunique():,} of them"],
            ["runs", f"{len(seeds):,}, {self.result.failed} failed"],
            *([name, hashed] for name, hashed in sorted(manifest.get("tables", {}).items())),
        ]
        lines = [
            "Whoever has this folder can make every number again: all runs, or a random sample compared to the last bit."
        ]
        commands = [
            command("tide", "verify", self.place, "--sample", "20"),
            *self.anew(),
            command("tide", "report", self.place),
        ]
        return Section("Provenance", lines, [Told("Where it comes from", ["what", "which"], rows)], commands)


def _value(scenario: Scenario, key: str) -> str:
    """The value of a key in words; a whole part by its keys."""
    value = value_of(scenario, key)
    return said(scenario, key) if not hasattr(value, "model_dump") else str(value.model_dump(mode="json"))


def _called(series: str) -> str:
    """What a series is called."""
    return "members" if series == "firms" else words(series)


def is_board(result: Result) -> bool:
    """Whether a result is a comparison of designs."""
    return result.study.replicates.race is not None and bool(result.study.treatments)


def stressed(
    result: Result, runs: int = 20, workers: int | None = None, tell: Callable[[str], None] | None = None
) -> None:
    """Find how far every design of a comparison is from collapse, and keep it beside the result, for its page.

    Args:
        result: of a comparison.
        runs: searches of each kind, a seed each.
        workers: how many runs at once; all cores by default.
        tell: called with which design is being tried.

    Raises:
        Mistake: if it is no comparison.
    """
    if not is_board(result):
        raise Mistake([f"{result.folder}: is no comparison of designs; stress is for those that tide compare wrote"])
    designs = {name: result.scenario_of(place) for place, name in enumerate(result.study.treatments)}
    at = min(AT, *(scenario.run.steps // 2 for scenario in designs.values()))
    caps = caps_of(designs, result.study.treatments)
    keep_stress(result.folder, distance_to_collapse(designs, range(runs), at=at, caps=caps, workers=workers, tell=tell))


def save_figures(result: Result, folder: Path) -> list[Path]:
    """Write the figures of a comparison's page, as SVG and as PNG.

    Raises:
        Mistake: if it is no comparison, or the folder cannot be written.
    """
    if not is_board(result):
        raise Mistake([f"{result.folder}: is no comparison of designs; its figure is figure.png"])
    written = []
    for name, figure in Board(result).figures.items():
        paths = [folder / f"{slug(name)}{suffix}" for suffix in (".svg", ".png")]
        save(figure, *paths, identifier=identity(result.folder))
        written += paths
    return written
