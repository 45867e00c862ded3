"""The tables of a study file: how often each design is run, on what luck, what is kept, and what is expected."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sim.mechanisms.base import Part
from sim.metrics import MEASURES


class Race(Part):
    """Treatments race: those that are beaten get no more runs."""

    measure: str
    """The measure that decides."""
    better: Literal["higher", "lower"] | None = None
    """Which way it is better; by default what is better for the ecosystem."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """Chance, at least, that no treatment is said to beat another that is not worse, over the whole race."""
    alike: Annotated[float, Field(ge=0)] = 0.0
    """Means that differ by no more count as alike (the indifference zone); 0 tells any difference apart, if it takes all runs."""
    bounds: Annotated[tuple[float, float] | None, Field(strict=False)] = None
    """Between which values of the measure are taken to lie; those beyond count as the bound (winsorised). The confidence then holds
    whatever the distribution, rare large losses included; by default the measure's own bounds, if it has any."""

    @property
    def wanted(self) -> str:
        """What is better: higher, or lower."""
        return self.better or ("lower" if MEASURES[self.measure].less_is_better else "higher")


class Replicates(Part):
    """How often each design is run."""

    count: Annotated[int, Field(ge=1, le=1_000_000)] = 30
    """Runs a design, each under a seed of its own; with `until`, the runs of a batch."""
    until: Annotated[dict[str, Annotated[float, Field(gt=0)]], Field(default_factory=dict)]
    """Measure → half the width of its 95 % interval that is precise enough: each design gets batches until all that are named are."""
    race: Race | None = None
    """Which treatment is best: each gets batches until it is beaten, or the others are, or all that are left are alike."""
    at_most: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """With `until` or `race`: the most runs of a design, however imprecise it is then."""
    first_seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """The seed of the first replicate; the others count on from it."""

    @property
    def batched(self) -> bool:
        """Whether batches of runs are counted until something is known."""
        return bool(self.until) or self.race is not None

    @property
    def most(self) -> int:
        """Runs of a design at most."""
        return self.at_most if self.batched else self.count

    @property
    def batches(self) -> int:
        """Batches of a design at most; the last may be a short one."""
        return -(-self.most // self.count)


class Cluster(Part):
    """The machines that `tide sweep --cluster` asks for. They are no part of what is asked: the result does not depend on them."""

    kind: Literal["local", "slurm", "pbs", "lsf", "sge", "oar", "htcondor"] = "local"
    """The batch system; local: worker processes on this machine."""
    workers: Annotated[int, Field(ge=1, le=10_000)] = 2
    """How many jobs, a worker each."""
    cores: Annotated[int, Field(ge=1, le=1024)] = 1
    """Cores of a worker: as many runs at once."""
    memory: str = "2GB"
    """Memory of a worker, as the batch system spells it."""
    walltime: str = ""
    """How long a job may last, as the batch system spells it: `02:00:00`."""
    queue: str = ""
    """The queue or partition."""
    account: str = ""
    """Whose account pays."""
    interface: str = ""
    """The network interface that machines talk over, as `ib0`; by default the usual one."""
    directives: Annotated[list[str], Field(default_factory=list)]
    """More lines for the head of a job: `["--exclusive"]`."""
    prologue: Annotated[list[str], Field(default_factory=list)]
    """Commands before a worker starts: `["source /shared/venv/bin/activate"]`."""


class CommonLuck(Part):
    """Whether designs are compared on the same luck."""

    on: bool = True
    """On: replicate k of every design has the same seed, so that differences come from the design alone. Off: every run its own."""


class Keep(Part):
    """What is kept of each run besides its measures."""

    series: bool = True
    """The series, month by month, in single precision."""


class Claim(Part):
    """What must come out for a pattern to count as shown: a measure is higher, or lower, in one design than in another."""

    says: str
    """The claim in a sentence."""
    measure: str
    """The measure that it is about."""
    than: str = ""
    """Another measure that is taken from it run by run: the claim is then that `measure` is higher, or lower, `than` the other."""
    of: Annotated[dict[str, Any], Field(default_factory=dict)]
    """The design it is about: the name of its `treatment`, and the levels of factors by full key; what is not named is the first."""
    against: Annotated[dict[str, Any] | float, Field(default_factory=dict)]
    """The design it is held against, or a number; by default the first design (with `than`: 0)."""
    shows: Literal["higher", "lower"]
    """Which way the measure differs."""
    best: str = ""
    """A factor: the claim is then about the level of it at which the mean of the measure is highest."""

    @property
    def about(self) -> str:
        """What is compared, in a few words."""
        if self.best:
            return f"best {self.best} for {self.measure}"
        return f"{self.measure} − {self.than}" if self.than else self.measure


class Effects(Part):
    """What the table of effects shows, and what is expected of it."""

    measures: Annotated[list[str], Field(min_length=1)]
    """The measures that are shown, by name."""
    expect: str = ""
    """The pattern that is expected, in a sentence."""
    claims: Annotated[list[Claim], Field(default_factory=list)]
    """The pattern as claims that can fail."""
