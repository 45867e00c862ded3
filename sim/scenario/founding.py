"""Founding: who is there at month 0, and who is tied to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sim.core.names import Neighbourhood, ThresholdSpread, ThresholdUnit
from sim.mechanisms.base import Above, Amount, Part, Share
from sim.mechanisms.registry import describe, labels
from sim.mechanisms.sentences import also, always, either
from sim.scenario import topology  # noqa: F401  # it declares the networks
from sim.scenario.networks import TOPOLOGIES, topology_names

if TYPE_CHECKING:
    TopologyName = str
else:
    TopologyName = topology_names()
SENTENCES = {name: each.sentence for name, each in TOPOLOGIES.items()}
"""How each founding network is told."""


class Roles(Part):
    """How the founding partners and the newcomers divide over the partner roles of practice; the weights sum to 1."""

    strategic: Share = 0.10
    """Partners who share in the direction of the ecosystem."""
    technology: Share = 0.25
    """Partners who build what the offer rests on."""
    channel: Share = 0.25
    """Partners who sell."""
    service: Share = 0.20
    """Partners who install, run and care."""
    supplier: Share = 0.12
    """Partners who supply."""
    training: Share = 0.04
    """Partners who teach."""
    alliance: Share = 0.04
    """Partners in neighbouring markets."""


class Types(Part):
    """How firms divide over the contribution types of public-goods experiments (Fischbacher, Gächter & Fehr 2001); the
    weights sum to 1."""

    conditional: Share = 0.50
    """Contribute in proportion to what they believe others contribute."""
    free_rider: Share = 0.30
    """Contribute nothing of their own accord."""
    hump: Share = 0.14
    """Follow others up to half the endowment, then fall back."""
    unconditional: Share = 0.06
    """Contribute the same whatever others do."""


class Lattice(Part):
    """A square lattice, row by row in the order of the firms."""

    neighbourhood: Neighbourhood = "von_neumann"
    """von_neumann: the 4 next to a firm; moore: the 8 around it."""
    periodic: bool = True
    """Whether the edges meet (a torus); otherwise firms at an edge have fewer partners."""
    width: Annotated[int, Field(ge=0)] = 0
    """Firms in a row (0: a square; the number of firms must then be one)."""


class Thresholds(Part):
    """How many others must act before a firm does: what contagion of contribution and of exit goes by (Granovetter 1978)."""

    distribution: ThresholdSpread = "fixed"
    """fixed: all have the mean; uniform: between mean − spread and mean + spread; normal: with that standard deviation; ladder: evenly
    from mean − spread to mean + spread, in the order of the firms."""
    mean: float = 0.18
    """Mean threshold."""
    spread: Amount = 0.0
    """How far thresholds differ, by their distribution."""
    unit: ThresholdUnit = "share"
    """share: of the partners; number: how many partners."""


class Founding(Part):
    """Who is there at month 0, and who is tied to whom; the traits hold for newcomers too."""

    firms: Annotated[int, Field(ge=1, le=5_000_000)] | str = 200
    """How many firms, orchestrators included; or the name of a CSV file of firms (`name`, and optionally role, type, power and other
    traits), beside the scenario file."""
    ties: str | None = None
    """The name of a CSV file of ties (`source,target`, and optionally `weight`, `trust` and its levels `operational`, `relational`,
    `strategic`); only with a file of firms."""
    topology: TopologyName = "barabasi_albert"
    """Who is tied to whom, when no file says so."""
    partners: Annotated[float, Field(ge=0, le=1_000)] = 6.0
    """Mean number of partners a firm (mean degree) at founding; complete and star have their own."""
    copies: Annotated[int, Field(ge=1)] = 1
    """How many separate copies of the founding network there are, of `firms` each: replicates of a small game in one world."""
    lattice: Lattice = Lattice()
    """What kind of lattice, for the topology of that name."""
    rewiring: Share = 0.1
    """Chance that a tie of a Watts–Strogatz ring leads elsewhere."""
    core: Share = 0.1
    """Share of the firms in the core (core–periphery) or in the first tier (supply chain)."""
    orchestrators: Annotated[int, Field(ge=0)] = 1
    """How many orchestrators; they take the best-connected places. With a file of firms, only the roles given there count."""
    roles: Roles = Roles()
    """How the other firms divide over the partner roles."""
    types: Types = Types()
    """How firms divide over the contribution types."""
    strategies: dict[str, Share] = Field(default={})
    """How firms divide over strategies, by name; the shares sum to 1, and hold for each copy as nearly as whole firms allow (0.1 of
    ten firms is exactly one). Names are those of `exchange.strategies` and the built-in ones. Nobody has one when left out."""
    thresholds: Thresholds = Thresholds()
    """The firms' thresholds."""
    endowment_spread: Annotated[float, Field(ge=0, le=2)] = 0.5
    """Standard deviation of the log endowment; the mean endowment is 1."""
    orchestrator_endowment: Above = 5.0
    """Endowment of an orchestrator, in average firms."""
    power_exponent: Annotated[float, Field(ge=0, le=3)] = 1.5
    """Bargaining power is the endowment to this exponent."""
    reliability_mean: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Mean share of what a firm promises that it delivers."""
    reliability_spread: Annotated[float, Field(ge=0, lt=0.5)] = 0.06
    """Standard deviation of reliability over firms (Beta distributed; 0: all are alike)."""
    baseline: Share = 0.1
    """What a conditional cooperator contributes when nobody else does."""
    goodwill: Share = 0.7
    """What an unconditional contributor contributes."""
    slope_mean: Annotated[float, Field(ge=0, le=2)] = 0.75
    """Mean slope of the conditional-cooperation schedule: below 1, cooperation is imperfectly conditional (Fischbacher & Gächter 2010)."""
    slope_spread: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Standard deviation of the slope over firms."""
    envy_mean: Amount = 0.53
    """Mean aversion to disadvantage α (Fehr & Schmidt 1999; meta-analysis of Nunnari & Pozzi)."""
    guilt_mean: Share = 0.33
    """Mean aversion to advantage β (same source), drawn independently of envy."""
    aspiration_mean: float = 1.1
    """Mean outside option: what a firm would earn a month elsewhere, per unit of endowment (1 is standing still)."""
    aspiration_spread: Annotated[float, Field(ge=0, le=2)] = 0.1
    """Standard deviation of the outside option over firms."""
    goal_spread: Annotated[float, Field(ge=0, le=3.2)] = 0.6
    """Standard deviation of the direction of firms' goals, in radians: 0 is a fully shared purpose."""
    trust: Annotated[float, Field(gt=0, lt=1)] = 0.6
    """Trust in every partner at founding, and between strangers who meet."""
    trust_evidence: Amount = 4.0
    """How many months of evidence the founding trust is worth (0: partners start as strangers)."""
    reserves: Amount = 6.0
    """Reserves at birth, in months of endowment."""


describe(
    "Who is there",
    also("There are {founding.copies:number} separate copies of the founding network, a world of replicates."),
    either(
        "founding.topology",
        SENTENCES,
        when=("founding.ties", None),
    ),
    either(
        "founding.lattice.neighbourhood",
        {
            "von_neumann": "On a lattice, partners are the four next to a firm.",
            "moore": "On a lattice, partners are the eight around a firm.",
        },
        always=False,
    ),
    either(
        "founding.lattice.periodic",
        {
            True: "The edges of a lattice meet.",
            False: "The edges of a lattice do not meet: who stands there has fewer partners.",
        },
        always=False,
    ),
    also("A row of the lattice has {founding.lattice.width:firms}."),
    also(
        "In networks that have it, {founding.rewiring} of the ties lead elsewhere, and the core or first tier is "
        "{founding.core} of the firms."
    ),
    always("Roles of those who bring none of their own: {founding.roles:listed}."),
    always("Tempers, by what firms put in: {founding.types:listed}."),
    also("Strategies: {founding.strategies:listed}."),
    either(
        "founding.thresholds.distribution",
        {
            "fixed": "Thresholds are {founding.thresholds.mean:number} for all.",
            "uniform": "Thresholds lie evenly {founding.thresholds.spread:number} around "
            "{founding.thresholds.mean:number}.",
            "normal": "Thresholds are normally distributed, {founding.thresholds.mean:number} ± "
            "{founding.thresholds.spread:number}.",
            "ladder": "Thresholds climb in even steps, {founding.thresholds.spread:number} around "
            "{founding.thresholds.mean:number}.",
        },
        always=False,
    ),
    either(
        "founding.thresholds.unit",
        {"share": "Thresholds are shares of the partners.", "number": "Thresholds are numbers of partners."},
        always=False,
    ),
    also("Sizes differ: the logarithms of endowments spread by {founding.endowment_spread:number}."),
    also("An orchestrator has the means of {founding.orchestrator_endowment:number} average firms."),
    also("Bargaining power is size to the power of {founding.power_exponent:number}."),
    always(
        "A firm delivers {founding.reliability_mean} of what it promises, on average; firms differ by "
        "{founding.reliability_spread}."
    ),
    also(
        "A conditional contributor puts in {founding.baseline} when nobody else does, and an unconditional one "
        "{founding.goodwill}."
    ),
    also(
        "A conditional contributor answers one unit of what others put in with {founding.slope_mean:number} (± "
        "{founding.slope_spread:number}) of its own."
    ),
    also(
        "Firms dislike getting less than is fair by {founding.envy_mean:number}, and getting more by "
        "{founding.guilt_mean:number}."
    ),
    always(
        "Elsewhere a firm would earn {founding.aspiration_mean:number} (± {founding.aspiration_spread:number}) a "
        "month per unit of its means."
    ),
    also("The directions of firms' goals spread by {founding.goal_spread:number} radians (0: one shared purpose)."),
    always("Trust between partners, and between strangers who meet, begins at {founding.trust:number}."),
    also("That first trust is as sure as after {founding.trust_evidence:months}."),
    also("A firm begins with reserves of {founding.reserves:months} of its means."),
)

labels(
    "founding",
    en={
        "firms": "firms at the start",
        "topology": "network at the start",
        "partners": "partners a firm at the start",
        "reliability_mean": "mean reliability of firms",
    },
    de={
        "firms": ("Firmen am Anfang", "Wie viele Firmen es am Anfang gibt, Orchestratoren eingeschlossen."),
        "topology": ("Netz am Anfang", "Wer am Anfang mit wem verbunden ist."),
        "partners": ("Partner je Firma am Anfang", "Mittlere Zahl der Partner je Firma am Anfang."),
        "copies": (
            "Kopien des Netzes",
            (
                "Wie viele getrennte Kopien des Gründungsnetzes es gibt: Wiederholungen eines kleinen Spiels in einer"
                " Welt."
            ),
        ),
        "lattice.neighbourhood": (
            "Gitter: Nachbarschaft",
            "Von Neumann: die 4 neben einer Firma; Moore: die 8 um sie herum.",
        ),
        "lattice.periodic": (
            "Gitter: Ränder verbunden",
            "Ob sich die Ränder berühren (ein Torus); sonst haben Firmen am Rand weniger Partner.",
        ),
        "lattice.width": (
            "Gitter: Breite",
            "Firmen in einer Reihe (0: ein Quadrat; dann muss die Zahl der Firmen eine Quadratzahl sein).",
        ),
        "rewiring": (
            "Umgelenkte Beziehungen am Anfang",
            "Wahrscheinlichkeit, dass eine Beziehung eines Watts-Strogatz-Rings woandershin führt.",
        ),
        "core": (
            "Anteil der Firmen im Kern",
            "Anteil der Firmen im Kern (Kern und Rand) oder in der ersten Stufe (Lieferkette).",
        ),
        "orchestrators": (
            "Zahl der Orchestratoren",
            (
                "Wie viele Orchestratoren es gibt; sie nehmen die am besten verbundenen Plätze ein. Mit einer Datei "
                "von Firmen zählen nur die Rollen, die dort stehen."
            ),
        ),
        "roles.strategic": (
            "Rollen: strategische Partner",
            "Partner, die über die Richtung des Ökosystems mitbestimmen.",
        ),
        "roles.technology": ("Rollen: Technologiepartner", "Partner, die bauen, worauf das Angebot beruht."),
        "roles.channel": ("Rollen: Vertriebspartner", "Partner, die verkaufen."),
        "roles.service": ("Rollen: Dienstleister", "Partner, die einrichten, betreiben und betreuen."),
        "roles.supplier": ("Rollen: Zulieferer", "Partner, die liefern."),
        "roles.training": ("Rollen: Ausbilder", "Partner, die schulen."),
        "roles.alliance": ("Rollen: Partner in Nachbarmärkten", "Partner in benachbarten Märkten."),
        "types.conditional": (
            "Typen: bedingt kooperative Firmen",
            "Bringen so viel ein, wie sie es von anderen glauben.",
        ),
        "types.free_rider": ("Typen: Trittbrettfahrer", "Bringen von sich aus nichts ein."),
        "types.hump": (
            "Typen: Mitmacher bis zur Hälfte",
            "Folgen anderen bis zur Hälfte der Ausstattung und lassen dann nach.",
        ),
        "types.unconditional": (
            "Typen: unbedingt kooperative Firmen",
            "Bringen immer gleich viel ein, was auch immer andere tun.",
        ),
        "thresholds.distribution": (
            "Schwellen: Verteilung",
            (
                "Alle haben das Mittel; oder gleichverteilt zwischen Mittel − Streuung und Mittel + Streuung; oder "
                "normalverteilt mit dieser Standardabweichung; oder als Leiter, gleichmäßig in der Reihenfolge der "
                "Firmen."
            ),
        ),
        "thresholds.mean": ("Schwellen: Mittelwert", "Mittlere Schwelle."),
        "thresholds.spread": (
            "Schwellen: Streuung",
            "Wie weit sich Schwellen unterscheiden, je nach ihrer Verteilung.",
        ),
        "thresholds.unit": ("Schwellen: Einheit", "Anteil der Partner, oder wie viele Partner."),
        "endowment_spread": (
            "Streuung der Ausstattung",
            "Standardabweichung der logarithmierten Ausstattung; die mittlere Ausstattung ist 1.",
        ),
        "orchestrator_endowment": (
            "Ausstattung eines Orchestrators",
            "Ausstattung eines Orchestrators, in durchschnittlichen Firmen.",
        ),
        "power_exponent": (
            "Wie stark Größe Verhandlungsmacht gibt",
            "Verhandlungsmacht ist die Ausstattung hoch diese Zahl.",
        ),
        "reliability_mean": (
            "Mittlere Zuverlässigkeit der Firmen",
            "Welchen Anteil ihrer Versprechen Firmen im Mittel halten.",
        ),
        "reliability_spread": (
            "Streuung der Zuverlässigkeit",
            "Standardabweichung der Zuverlässigkeit über die Firmen (Betaverteilung; 0: alle sind gleich).",
        ),
        "baseline": (
            "Beitrag, wenn sonst niemand beiträgt",
            "Was eine bedingt kooperative Firma einbringt, wenn es niemand sonst tut.",
        ),
        "goodwill": ("Beitrag der unbedingt Kooperativen", "Was eine bedingungslos beitragende Firma einbringt."),
        "slope_mean": (
            "Wie sehr Firmen den anderen folgen",
            "Wie stark Firmen im Mittel anderen folgen: unter 1 nicht ganz (Fischbacher & Gächter 2010).",
        ),
        "slope_spread": ("Streuung der Gefolgschaft", "Standardabweichung davon über die Firmen."),
        "envy_mean": (
            "Mittlere Abneigung, schlechter dazustehen",
            (
                "Mittlere Abneigung dagegen, schlechter wegzukommen, α (Fehr & Schmidt 1999; Metaanalyse von Nunnari "
                "& Pozzi)."
            ),
        ),
        "guilt_mean": (
            "Mittlere Abneigung, besser dazustehen",
            "Mittlere Abneigung dagegen, besser wegzukommen, β (selbe Quelle), unabhängig vom Neid gezogen.",
        ),
        "aspiration_mean": (
            "Was eine Firma anderswo verdienen würde",
            (
                "Mittlere Alternative draußen: was eine Firma im Monat anderswo verdiente, je Einheit Ausstattung (1 "
                "ist Stillstand)."
            ),
        ),
        "aspiration_spread": (
            "Streuung der Möglichkeiten anderswo",
            "Standardabweichung der Alternative draußen über die Firmen.",
        ),
        "goal_spread": (
            "Wie weit die Ziele auseinandergehen",
            "Standardabweichung der Richtung der Ziele, im Bogenmaß: 0 ist ein ganz gemeinsames Ziel.",
        ),
        "trust": (
            "Vertrauen am Anfang",
            "Vertrauen in jeden Partner am Anfang, und zwischen Fremden, die sich begegnen.",
        ),
        "trust_evidence": (
            "Wie viele Monate Erfahrung das Anfangsvertrauen wert ist",
            "Wie viele Monate Erfahrung das anfängliche Vertrauen wert ist (0: Partner beginnen als Fremde).",
        ),
        "reserves": ("Rücklagen am Anfang", "Rücklagen am Anfang, in Monaten der Ausstattung."),
        "": ("Gründung", "Wer am Anfang da ist und wer mit wem verbunden ist; die Eigenschaften gelten auch für Neue."),
    },
)
