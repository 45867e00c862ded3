"""The record of a run: its series, its firms and ties at the end, and where it came from; saved as a folder that is whole or absent."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sim.core import extensions
from sim.core.errors import Mistake, counted
from sim.core.reading_files import checked, named_file, read_bytes
from sim.core.results import read_manifest, source_hash, versions, whole_or_absent, write_json
from sim.metrics import accounts
from sim.scenario import Scenario


@dataclass(frozen=True, repr=False)
class Run:
    """One simulated run.

    Attributes:
        scenario: what was simulated.
        seed: its luck.
        series: a row a month; columns and units as in `sim.core.state.SERIES`.
        firms: the members at the end, a row each.
        ties: the ties at the end, a row a direction.
        measures: name → number; every name stands in the catalogue (`tide measures`).
        snapshots: month → (firms, ties), when the scenario asks for them.
    """

    scenario: Scenario
    seed: int
    series: pd.DataFrame
    firms: pd.DataFrame
    ties: pd.DataFrame
    measures: dict[str, float] = field(default_factory=dict)
    snapshots: dict[int, tuple[pd.DataFrame, pd.DataFrame]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """What it is, and how it ended; the tables are asked for by name."""
        last = self.series.iloc[-1]
        ended = f"{counted(last['firms'], 'firm')} after {counted(last['month'] + 1, 'month')}"
        return f"<Run of {self.scenario.title!r}, seed {self.seed}: {ended}; series, firms, ties, measures>"

    def save(self, folder: str | Path) -> Path:
        """Write the run into a folder of its own; what stood there is replaced when all is written."""

        def write(at: Path) -> None:
            self.series.to_parquet(at / "series.parquet", index=False)
            self.firms.to_parquet(at / "firms.parquet", index=False)
            self.ties.to_parquet(at / "ties.parquet", index=False)
            for month, (firms, ties) in self.snapshots.items():
                firms.to_parquet(at / f"firms_{month:06}.parquet", index=False)
                ties.to_parquet(at / f"ties_{month:06}.parquet", index=False)
            keep_scenario(self.scenario, at)
            manifest = provenance(self.scenario) | {"kind": "run", "seed": self.seed, "measures": self.measures}
            write_json(at / "manifest.json", manifest)

        return whole_or_absent(Path(folder), write, "run")

    def accounts(self) -> pd.DataFrame:
        """What each member put in, got, and would get by its Shapley value, over time (`sim.metrics.accounts`)."""
        return self._accounts.copy()

    @cached_property
    def _accounts(self) -> pd.DataFrame:
        return accounts.accounts(self)

    def subsidies(self, month: int | None = None) -> pd.DataFrame:
        """Who subsidises whom: the transfers that would turn what members got into their Shapley shares (`sim.metrics.accounts`)."""
        return accounts.subsidies(self, month)

    def leaving(self, month: int | None = None) -> Any:
        """The coalition that would gain the most by leaving just after a month (`sim.metrics.accounts`)."""
        return accounts.leaving(self, month)

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read a run that `save` wrote.

        Raises:
            Mistake: if the folder holds no run, or what it holds is not as it was written.
        """
        at = Path(folder)
        manifest = read_manifest(at, "run")
        months = [int(path.stem.removeprefix("firms_")) for path in sorted(at.glob("firms_*.parquet"))]
        snapshots = {month: (_table(at, f"firms_{month:06}"), _table(at, f"ties_{month:06}")) for month in months}
        try:
            seed, measures = manifest["seed"], manifest["measures"].items()
        except (KeyError, AttributeError):
            raise Mistake([f"{at / 'manifest.json'}: is not as tide wrote it; run it again"]) from None
        return cls(
            scenario=Scenario.load(at / "scenario.toml", kept=True),
            seed=seed,
            series=_table(at, "series"),
            firms=_table(at, "firms"),
            ties=_table(at, "ties"),
            measures={name: float("nan") if value is None else value for name, value in measures},
            snapshots=snapshots,
        )


def _table(folder: Path, name: str) -> pd.DataFrame:
    """A table of a run.

    Raises:
        Mistake: if it cannot be read.
    """
    path = folder / f"{name}.parquet"
    try:
        return pd.read_parquet(checked(path))
    except (OSError, ValueError) as error:
        raise Mistake([f"{path}: cannot be read ({error}); run it again"]) from None


def keep_scenario(scenario: Scenario, folder: Path) -> None:
    """Write a scenario with every value, and the files that it names beside it, so that it can be run again from there."""
    names = {key: name for key in ("firms", "ties") if isinstance(name := getattr(scenario.founding, key), str)}
    files = {key: named_file(name, scenario.folder, "a scenario") for key, name in names.items()}
    there = {key: path for key, path in files.items() if path.is_file()}  # a run that lacks its file has failed
    for key, path in there.items():
        (folder / f"{key}.csv").write_bytes(read_bytes(path))
    founding = scenario.founding.model_copy(update={key: f"{key}.csv" for key in there})
    text = scenario.model_copy(update={"founding": founding}).to_toml(full=True)
    (folder / "scenario.toml").write_text(text, encoding="utf-8")


def provenance(scenario: Scenario) -> dict[str, Any]:
    """What a result must say about where it came from: scenario, versions, and a hash of the model's source."""
    code = {"versions": versions(), "source": source_hash()}
    return {
        "scenario": scenario.model_dump(mode="json"),
        **code,
        **({"extensions": kept} if (kept := extensions.kept()) else {}),
    }
