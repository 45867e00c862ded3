"""The world: firms and ties as columns, and what happens to the ecosystem as a whole this month.

A firm is a row of `firms`; a tie i → j is a row of `ties`, and its mirror j → i another. The ties of firm i lie in the rows from
`first[i]` on, `degree[i]` of them, in room for `room[i]`: so they are walked in order, and added and removed in O(1). Rows beyond are
zero and do no harm in loops over all rows. Slots of firms that have left are used again; a firm's `id` is never.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numba import types
from numba.np.numpy_support import from_dtype

from sim.core.columns import (
    Bundle,
    BundleType,
    Double,
    Long,
    Short,
    Single,
    Table,
    in_one_piece,
    new_record,
    record_type,
)
from sim.core.linking import addresses, timetable
from sim.core.names import Role, code
from sim.core.registries import registry

ORCHESTRATOR = code(Role, "orchestrator")
NOBODY = -1
SEGMENTS, YEAR = 3, 12


class Firms(Table):
    """One row a firm. Money and effort are in units of an average firm's monthly endowment."""

    id: Long
    """Who it is, for luck: founding firms count from 0, newcomers by date."""
    active: Long
    """1 while it is a member."""
    role: Long
    """Its partner role."""
    type: Long
    """Its contribution type."""
    born: Long
    """The month it joined; 0 for founders."""
    first: Long
    """Row of its first tie."""
    room: Long
    """How many ties its rows can hold."""
    attention: Long
    """How many partners it can have."""
    degree: Long
    """How many partners it has."""
    place: Long
    """Where it stands on the roster of members."""
    roster: Long
    """The slots of the members, in no order; the first `now.firms` count."""
    vacant: Long
    """The slots to be used again; the first `now.vacancies` count."""
    leaving: Long
    """Why it leaves at the end of this month, if it does: 1 of its own accord, 2 bankrupt, 3 expelled."""
    staying: Long
    """1 if it stays whatever happens (an intervention of kind stay)."""
    dropping: Long
    """The partner it drops this month, or −1."""
    courting: Long
    """The firm it would like as a partner this month, or −1."""
    ballot_take: Long
    """Its last vote on the take rate: −1 lower, 0 as it is, 1 higher."""
    ballot_mix: Long
    """Its last vote on the sharing rule: the place of the rule in the mix."""
    cluster: Long
    """The cluster of firms to which it belongs, where clusters adapt their own rules."""
    applying: Long
    """1 if it has itself examined for a stamp this month."""
    certified: Long
    """1 while it bears the stamp of the programme."""
    praising: Long
    """1 if it buys praise this month."""

    endowment: Double
    """What it can put in, a month."""
    power: Double
    """Bargaining power."""
    reliability: Double
    """Mean share of what it promises that it delivers."""
    slope: Double
    """Slope of its conditional-cooperation schedule."""
    envy: Double
    """Aversion to disadvantage, α."""
    guilt: Double
    """Aversion to advantage, β."""
    aspiration: Double
    """Outside option: what it would earn elsewhere, per unit of endowment."""
    goal: Double
    """Direction of its goals, in radians."""
    skill_a: Double
    """First capability, in (0, 1)."""
    skill_b: Double
    """Second capability, in (0, 1)."""
    know_how: Double
    """Value of a unit of its effort, relative to a firm at birth."""
    next_know_how: Double
    """Its know-how from next month on."""
    next_skill_a: Double
    """Its first capability from next month on."""
    next_skill_b: Double
    """Its second capability from next month on."""
    ahead: Double
    """Cosine of its goal."""
    across: Double
    """Sine of its goal."""
    contribution: Double
    """Share of its endowment that it puts in."""
    belief: Double
    """What it believes its partners contribute."""
    experience: Double
    """Return on the last units it contributed, a moving average."""
    platform: Double
    """Effort promised to the shared platform this month."""
    effort: Double
    """All effort spent this month."""
    kept: Double
    """Share of its promises that it delivered this month."""
    delivered: Double
    """All effort that arrived this month, on the platform and on ties."""
    tie_value: Double
    """Half of the value of its ties this month."""
    shapley: Double
    """Its Shapley value this month: own commons value plus half of each tie's value."""
    strikes: Double
    """Sanctions on record; they fade."""
    fine: Double
    """Fine of this month."""
    benefit: Double
    """Its share of the value this month, an orchestrator's take included."""
    earned: Double
    """The part of its share that its own effort brought."""
    deal: Double
    """What it gets per unit of its claim: what firms compare."""
    disadvantage: Double
    """Felt disadvantage D this month, per unit of endowment."""
    advantage: Double
    """Felt advantage A this month, per unit of endowment."""
    grievance: Double
    """Moving average of disadvantage."""
    payoff: Double
    """What it has at the end of the month, net of all cost, π."""
    satisfaction: Double
    """Moving average of utility per unit of endowment."""
    reserves: Double
    """Reserves, in months of its endowment."""
    rating: Double
    """Public rating in (0, 1): what it delivers of what the norm expects."""
    risk: Double
    """Risk score: moving average of how far its marks are from its rating."""
    ready: Double
    """How far it has been brought in, from 0 to 1: share of its contribution that it is able to make."""
    outlay: Double
    """What it pays besides effort, fines and upkeep: examinations, praise, the levy of mutual aid."""
    gratitude: Double
    """1 when it has just been rescued; it fades."""
    claim: Double
    """Its claim under the sharing rule that was asked last."""
    share: Double
    """Its share of the pot this month, by all sharing rules together."""
    returned: Double
    """Share of the value that its own effort creates which comes back to it through the sharing rules."""
    paid: Double
    """What sharing rules pay it for its effort this month, before the take."""
    draw: Double
    """Its draw for the decision at hand (`deal`)."""
    total_benefit: Double
    """Sum of its shares since it joined; the months of `run.burn_in` count too."""
    total_effort: Double
    """Sum of its effort since it joined."""
    total_shapley: Double
    """Sum of its Shapley values, net of the cost of governance, since it joined."""


class Ties(Table):
    """One row a tie i → j; what is said of i, j is seen from i."""

    partner: Short
    """Slot of j."""
    mirror: Short
    """Row of j → i."""
    weight: Single
    """Importance of the tie, from the user's data; 1 otherwise."""
    complementarity: Single
    """How much more (less) than an average pair the two capabilities create."""
    alignment: Single
    """How far the two goals agree, from 0 to 1."""
    given: Single
    """Effort that i promised j this month; −1 on a tie on which no action has been taken yet (strategies)."""
    delivered: Single
    """Effort of i that arrived at j this month."""
    received: Single
    """Effort of j that arrived at i this month."""
    promised: Single
    """Effort that j promised i this month."""
    trust: Single
    """Trust of i in j: the weighted harmonic mean of the three levels, as of last month's end."""
    trust_back: Single
    """Trust of j in i."""
    worth: Single
    """Value that the tie created this month."""
    ledger: Single
    """Balance of delivered minus received effort, fading."""
    shown: Single
    """Share of its know-how that j let i see this month."""
    dispute: Single
    """Months since i has been in dispute with j over a breach; 0 at peace."""
    hearsay: Single
    """What the public says of j: its rating, or the standard that its stamp vouches for."""
    agreed: Single
    """Strategic news: how far goals agree and the game is fair."""
    operational_good: Single
    """Evidence that j delivers."""
    operational_bad: Single
    """Evidence that j does not deliver."""
    relational_good: Single
    """Evidence that j reciprocates."""
    relational_bad: Single
    """Evidence that j does not reciprocate."""
    strategic_good: Single
    """Evidence that j wants what i wants, in a fair game."""
    strategic_bad: Single
    """Evidence to the contrary."""


class Players(Table):
    """One row a firm, as in `Firms`: what games and contagion need of it. One row in all where there are neither."""

    strategy: Long
    """Its strategy: a row of `strategies`."""
    next_strategy: Long
    """Its strategy from now on, while strategies are updated."""
    lost: Long
    """How many of its partners have left the ecosystem."""

    next_contribution: Double
    """Its contribution from now on, while strategies are updated."""
    score: Double
    """What it has earned since the last update of strategies."""
    spread: Double
    """Widest difference this month between the payoffs that two firms of its copy go by."""
    pool: Double
    """What is in the pot of the group that it forms with its partners, this month."""
    threshold: Double
    """How many others must act before it does: a share of its partners, or a number."""


class Strategies(Table):
    """One row a strategy of the scenario, in the order of `founding.strategies`."""

    row: Long
    """The row of the game that it always plays, from 0; −1 for one that remembers."""
    mixed: Long
    """1 if it cooperates with a chance that is the firm's contribution."""
    punish: Long
    """1 if it punishes."""

    share: Double
    """Share of newcomers who play it."""
    first: Double
    """Chance to cooperate in the first round."""
    after_cc: Double
    """Chance to cooperate after both cooperated."""
    after_cd: Double
    """Chance to cooperate after it alone cooperated."""
    after_dc: Double
    """Chance to cooperate after the partner alone cooperated."""
    after_dd: Double
    """Chance to cooperate after neither did."""


class Segments(Table):
    """One row a segment of customers: those who meet one partner, two or three, four or more."""

    partners: Double
    """How many partners a customer meets, on average."""
    customers: Double
    """How many they are."""
    satisfied: Double
    """Share who are satisfied."""
    promoters: Double
    """Share who recommend."""
    detractors: Double
    """Share who warn."""
    churn: Double
    """Share who leave this month."""
    up: Double
    """Share of those who stay that moves up a segment this month."""
    down: Double
    """Share of those who stay that moves down a segment this month."""


class Cohorts(Table):
    """One row a month of the last twelve: the customers of that month who are left, by the segment that they are in now."""

    one: Double
    """Those who meet one partner."""
    few: Double
    """Those who meet two or three."""
    many: Double
    """Those who meet four or more."""
    spending: Double
    """What all of them spent then."""


MOST_CLUSTERS = 64
CENTRE = MOST_CLUSTERS
"""The row of the centre, behind those of the clusters."""
LONGEST_DELAY = 60


class Clusters(Table):
    """One row a body that adapts rules: the clusters of firms, and the centre in the last row."""

    members: Long
    """How many firms it watches."""
    partners: Long
    """How many of them are no orchestrators."""
    months: Long
    """Months since its last decision."""
    moved: Long
    """The rule that its last decision moved: 0 none, 1 the take rate, 2 monitoring."""

    take_rate: Double
    """The take rate in force in the cluster."""
    monitoring: Double
    """Monitoring in force in the cluster."""
    taken: Double
    """What the orchestrators kept of its members' shares this month."""
    goal: Double
    """What it aims at, this month."""
    grievance: Double
    """Mean grievance of its members who are not orchestrators."""
    goal_sum: Double
    """Sum of the goal over the months since its last decision."""
    goal_before: Double
    """Mean of the goal over the period before its last decision."""
    take_climb: Double
    """Where its take rate goes next: 1 up, −1 down."""
    monitoring_climb: Double
    """Where its monitoring goes next."""


class Agenda(Table):
    """What has been decided and not yet done: a row a body and month, used again when the month is over."""

    take_rate: Double
    """By how much the take rate changes."""
    monitoring: Double
    """By how much monitoring changes."""


SERIES: dict[str, tuple[str, str]] = registry(
    {
        "month": ("month", "The month."),
        "firms": ("firms", "Members at the end of the month."),
        "ties": ("ties", "Partnerships (each counted once) at the end of the month."),
        "entries": ("firms", "Firms that joined this month."),
        "exits": ("firms", "Firms that left this month of their own accord."),
        "bankruptcies": ("firms", "Firms that failed this month."),
        "expulsions": ("firms", "Firms that were expelled this month."),
        "removals": ("firms", "Firms that a shock took away this month."),
        "demand": ("ratio", "Market demand; 1 is normal."),
        "value": ("endowments a month", "Value created this month, before the cost of governance."),
        "tie_value": ("endowments a month", "Value created on ties this month."),
        "commons_value": ("endowments a month", "Value created on the shared platform this month."),
        "welfare": ("endowments a month", "What all members gained this month, net of every cost."),
        "orchestrator_income": (
            "endowments a month",
            "What the orchestrators took this month (take rate times value).",
        ),
        "take_rate": (
            "share",
            "Share of value that the orchestrators keep; where clusters differ, the mean over members.",
        ),
        "monitoring": ("share", "Chance that a shortfall is seen; where clusters differ, the mean over members."),
        "mix_equal": ("share", "Weight of equal sharing."),
        "mix_contribution": ("share", "Weight of sharing by contribution."),
        "mix_shapley": ("share", "Weight of sharing by Shapley value."),
        "mix_power": ("share", "Weight of sharing by power."),
        "mix_need": ("share", "Weight of sharing by need."),
        "contribution": ("share", "Mean contribution of members."),
        "partner_contribution": ("share", "Mean contribution of members who are not orchestrators."),
        "trust": (
            "0 to 1",
            "Mean trust over all ties: the weighted harmonic mean of a tie's levels, the operational one filled from public ratings.",
        ),
        "trust_operational": (
            "0 to 1",
            "Mean operational trust over all ties by own experience alone; what public ratings add to it is in `trust`.",
        ),
        "trust_relational": ("0 to 1", "Mean relational trust over all ties."),
        "trust_strategic": ("0 to 1", "Mean strategic trust over all ties."),
        "alignment": ("0 to 1", "Mean agreement of goals over all ties."),
        "takeover": (
            "share",
            "Copies of the ecosystem in which all members play the first strategy; 0 without strategies.",
        ),
        "extinction": (
            "share",
            "Copies of the ecosystem in which no member plays the first strategy; 0 without strategies.",
        ),
        "strategy_1": (
            "share",
            "Members who play the first strategy of the scenario; 0 without strategies, likewise below.",
        ),
        "strategy_2": ("share", "Members who play the second strategy."),
        "strategy_3": ("share", "Members who play the third strategy."),
        "strategy_4": ("share", "Members who play the fourth strategy."),
        "strategy_5": ("share", "Members who play the fifth strategy."),
        "strategy_6": ("share", "Members who play the sixth strategy."),
        "stock": ("stock", "Stock of the renewable resource at the end of the month; 0 without one."),
        "know_how": ("ratio", "Mean know-how of members; 1 is that of a firm at birth."),
        "innovations": ("firms", "Firms that innovated this month."),
        "satisfaction": ("utility", "Mean satisfaction of members."),
        "grievance": ("share of endowment", "Mean grievance of members who are not orchestrators."),
        "governance_cost": ("endowments a month", "Cost of governance this month."),
        "fines": ("endowments a month", "Fines paid this month."),
        "peer_fines": (
            "endowments a month",
            "Fines this month where members enforce the norm themselves; they are lost to all.",
        ),
        "sanctions": ("firms", "Firms sanctioned this month."),
        "certified": ("share", "Members who bear the stamp of a certified programme; 0 without one."),
        "audits": ("firms", "Certified firms audited this month."),
        "praise": ("firms", "Firms that bought praise this month."),
        "disputes": ("disputes", "Disputes opened this month."),
        "settled": (
            "disputes",
            "Disputes settled this month: at once by decision rights, by goodwill, or by the mediator.",
        ),
        "broken": ("ties", "Partnerships that an unresolved dispute ended this month."),
        "rescues": ("firms", "Firms that mutual aid rescued this month."),
        "fund": ("endowments", "The fund of mutual aid at the end of the month."),
        "customers": (
            "customers",
            "Customers at the end of the month; 0 without a customer base, as is all else of them.",
        ),
        "customers_of_one": ("customers", "Customers who meet one partner."),
        "customers_of_few": ("customers", "Customers who meet two or three partners."),
        "customers_of_many": ("customers", "Customers who meet four partners or more."),
        "adoption": ("customers", "Customers won this month, those who were referred included."),
        "referrals": ("customers", "Customers won this month whom a promoter brought."),
        "churn": ("customers", "Customers lost this month."),
        "advocates": ("customers", "Promoters among those who meet four partners or more."),
        "spending": ("spending", "What customers spend; 1 a month on each partner met."),
        "expansion": ("spending", "What customers spend more than last month, by meeting more partners."),
        "contraction": ("spending", "What customers who stay spend less than last month, by meeting fewer partners."),
        "churned_spending": ("spending", "What the customers lost this month used to spend."),
        "quality": ("0 to 1", "Quality that customers get, mean over firms weighted by effort."),
        "inconsistency": ("0 to 1", "Standard deviation of that quality over firms."),
        "csat": ("share", "Customers who are satisfied (CSAT): 6 or more on a scale from 0 to 10."),
        "nps": (
            "points",
            "Net promoter score (NPS), from -100 to 100: promoters (9 or 10) less detractors (0 to 6), in per cent.",
        ),
        "nrr": (
            "ratio",
            "What customers of a year ago (in the first year, of the founding) spend, over what they spent then (NRR).",
        ),
    }
)
"""The series of a run: name → (unit, meaning)."""

_STATE = {
    "log_demand": "f8",
    "pulse": "f8",
    "market": "f8",
    "launched": "f8",
    "standard": "f8",
    "invested": "f8",
    "owed": "f8",
    "cover": "f8",
    "mean_rating": "f8",
    "net": "f8",
    "dues": "f8",
    "payers": "f8",
    "orchestrators": "f8",
    "claims": "f8",
    "fair_deal": "f8",
    "climb": "f8",
    "income_sum": "f8",
    "income_before": "f8",
    "slots": "i8",
    "rows": "i8",
    "vacancies": "i8",
    "founders": "i8",
    "clusters": "i8",
    "convened": "i8",
    "scored": "i8",
    "strategies": "i8",
    "copies": "i8",
    "actions": "i8",
    "own_firm_columns": "i8",
    "own_tie_columns": "i8",
    "stop_at": "i8",
    "stopped": "i8",
}
NOW = record_type([(name, "f8") for name in SERIES] + list(_STATE.items()))
"""What happens to the ecosystem as a whole this month: the series, and the state behind them."""
BUILT_IN = len(SERIES)
"""How many series there are without extensions."""


def now_type() -> np.dtype:
    """`NOW` with the series of extensions behind all else: code that is compiled for `NOW` sees what it knows, where it knows it."""
    own = list(SERIES)[BUILT_IN:]
    return record_type([*NOW.descr, *((name, "f8") for name in own)]) if own else NOW


OWN_FIRM_COLUMNS: dict[str, tuple[str, str]] = registry({})
"""The columns of firms that extensions add: name → (unit, meaning). They hold numbers; 0 when a firm is born."""
OWN_TIE_COLUMNS: dict[str, tuple[str, str]] = registry({})
"""The columns of ties that extensions add; 0 when a tie begins."""


class Game(NamedTuple):
    """What a game asks of a world."""

    on: bool = False
    """Whether firms are players at all."""
    strategies: int = 0
    """How many strategies there are."""
    payoffs: Any = (0.0,)
    """The payoffs of a game with more than two actions, row by row."""
    actions: int = 0
    """How many actions such a game has; 0 for two."""


class World(Bundle):
    """Firms, ties, customers and the month; `traits` holds the quantiles out of which newcomers are drawn, `key` the luck."""

    members: ClassVar[dict[str, Any]] = {
        "firms": Firms,
        "ties": Ties,
        "segments": Segments,
        "cohorts": Cohorts,
        "clusters": Clusters,
        "agenda": Agenda,
        "players": Players,
        "strategies": Strategies,
        "payoffs": "f8",
        "now": NOW,
        "traits": "f8",
        "late": "addresses",
        "steps": "i8",
        "month": "i8",
        "own_firms": "f8",
        "own_ties": "f8",
        "key": "u8",
    }

    def __init__(self, room: np.ndarray, traits: np.ndarray, key: np.uint64, game: Game | None = None) -> None:
        """A world without members, with room for `room[i]` ties in slot i, in which a game is played or none."""
        game, ends = game or Game(), np.cumsum(room)
        clusters = MOST_CLUSTERS + 1
        (
            self.firms,
            self.ties,
            self.segments,
            self.cohorts,
            self.clusters,
            self.agenda,
            self.players,
            self.strategies,
        ) = in_one_piece(
            (Firms, room.size),
            (Ties, int(ends[-1])),
            (Segments, SEGMENTS),
            (Cohorts, YEAR),
            (Clusters, clusters),
            (Agenda, clusters * (LONGEST_DELAY + 1)),
            (Players, room.size if game.on else 1),
            (Strategies, max(1, game.strategies)),
        )
        self.firms.room[:] = room
        self.firms.first[1:] = ends[:-1]
        self.ties.partner[:] = self.ties.mirror[:] = NOBODY
        self.payoffs = np.ascontiguousarray(game.payoffs, float)
        self.now = new_record(now_type())
        self.now.stop_at = NOBODY
        if game.on:
            self.now.strategies, self.now.actions = game.strategies, game.actions
        self.traits, self.late = np.ascontiguousarray(traits).reshape(-1), addresses()  # flat, as compiled code has it
        self.steps = timetable()
        self.own_firms = np.zeros(max(1, len(OWN_FIRM_COLUMNS) * self.firms.size))
        self.own_ties = np.zeros(max(1, len(OWN_TIE_COLUMNS) * self.ties.size))
        self.now.own_firm_columns, self.now.own_tie_columns = len(OWN_FIRM_COLUMNS), len(OWN_TIE_COLUMNS)
        self.key = key
        self.names: dict[int, str] = {}
        self.strategies_named: tuple[str, ...] = ()
        self._settle()

    def _settle(self) -> None:
        """Let the columns of extensions be found by their names, and compiled code find everything."""
        self.month = self.now.base.view(np.int64)
        self.firms.join(OWN_FIRM_COLUMNS, self.own_firms)
        self.ties.join(OWN_TIE_COLUMNS, self.own_ties)
        self.seal()

    @classmethod
    def extended(cls) -> BundleType:
        """How code sees the world that knows the series and columns of extensions too."""
        kind, known = cls.compiled, dict[str, types.Type]()
        if len(SERIES) > BUILT_IN:
            known["now"] = from_dtype(now_type())
        for name, names in (("firms", OWN_FIRM_COLUMNS), ("ties", OWN_TIE_COLUMNS)):
            if names:
                known[name] = kind.fields[name].joined(names, kind.words[f"own_{name}"] - kind.words[name])
        return kind.extended(known, {})

    @property
    def member_slots(self) -> np.ndarray:
        """The slots of the members, in order."""
        return np.flatnonzero(self.firms.active)

    @property
    def tie_rows(self) -> np.ndarray:
        """The rows of all ties, in order."""
        return np.flatnonzero(self.ties.partner >= 0)

    def name(self, slot: int) -> str:
        """The name of the firm in a slot: the user's, or one made of its id."""
        identity = int(self.firms.id[slot])
        return self.names.get(identity, f"F{identity}")

    def copy(self) -> World:
        """A world of its own in the same state: where a run branches."""
        twin = object.__new__(World)
        twin.__dict__.update(self.__dict__)
        del twin.__dict__["_place"]  # its own tables lie elsewhere
        twin.firms, twin.ties, twin.now = self.firms.copy(), self.ties.copy(), new_record(self.now.dtype, self.now)
        twin.segments, twin.cohorts = self.segments.copy(), self.cohorts.copy()
        twin.clusters, twin.agenda = self.clusters.copy(), self.agenda.copy()
        twin.players, twin.strategies = self.players.copy(), self.strategies.copy()
        twin.own_firms, twin.own_ties = self.own_firms.copy(), self.own_ties.copy()
        twin._settle()
        return twin

    def check(self) -> list[str]:
        """What is broken in the books of the world, in words; empty when all is well."""
        return [words for holds, words in self._laws() if not holds]

    def _laws(self) -> list[tuple[Any, str]]:
        firms, ties, now, members = self.firms, self.ties, self.now, self.member_slots
        rows = self.tie_rows
        owner = np.repeat(np.arange(firms.size), firms.room)[rows]
        mirror = ties.mirror[rows]
        roster = firms.roster[: members.size]
        numbers = [
            firms.block("f8"),
            ties.block("f4"),
            self.own_firms,
            self.own_ties,
            self.segments.block("f8"),
            self.cohorts.block("f8"),
        ]
        return [
            (now.firms == members.size, "the number of members is not the number of active slots"),
            (np.array_equal(np.sort(roster), members), "the roster is not the list of members"),
            (np.array_equal(firms.place[roster], np.arange(members.size)), "a firm's place on the roster is wrong"),
            (2 * now.ties == rows.size, "the number of ties is not the number of tie rows"),
            (firms.degree.sum() == rows.size, "degrees do not add up to the tie rows"),
            (np.all(firms.degree <= firms.room), "a firm has more ties than room"),
            (np.all(firms.active[owner] == 1), "a firm that has left still has ties"),
            (np.all(rows - firms.first[owner] < firms.degree[owner]), "ties do not lie packed"),
            (np.array_equal(ties.mirror[mirror], rows), "a mirror's mirror is another tie"),
            (np.array_equal(ties.partner[mirror], owner), "a mirror does not lead back"),
            (np.all(ties.partner[rows] != owner), "a firm is its own partner"),
            (np.array_equal(ties.ledger[rows], -ties.ledger[mirror]), "the ledger is not antisymmetric"),
            (np.array_equal(ties.worth[rows], ties.worth[mirror]), "two sides of a tie disagree on its value"),
            (np.isclose(self.segments.customers.sum(), now.customers), "the segments do not add up to the customers"),
            (np.all(self.segments.customers >= 0), "a segment has fewer than no customers"),
            (all(np.isfinite(block).all() for block in numbers), "a number is not finite"),
        ]
