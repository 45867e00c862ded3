"""The ecosystem as a Mesa model: a month a step, firms as agents.

Compiled phases and firms' own methods work on the same world. Which of a month's phases are played firm by firm is decided once: all
decisions under `engine="agents"`, otherwise those that a subclass of `Firm` has overridden.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Self, TypeVar

import mesa
import numpy as np

from sim.core.errors import Mistake, counted, shown
from sim.core.extensions import Named, use
from sim.core.state import NOBODY, SERIES, World
from sim.mechanisms import (
    alignment,
    contribution,
    exchange,
    fairness,
    games,
    governance,
    imitation,
    knowledge,
    membership,
    onboarding,
    orchestration,
    partnering,
    ratings,
    reinforcement,
    shocks,
    strategies,
    trust,
    value,
    voice,
)
from sim.mechanisms.governance import LEFT
from sim.mechanisms.registry import FIRM_CLASSES
from sim.mechanisms.sharing_rules import RULES
from sim.model.aggregates import open_month
from sim.model.firm import DECISIONS, GONE, Firm, single
from sim.model.loop import Phase
from sim.model.own_phases import suit
from sim.model.parameters import Rules
from sim.model.record import Run
from sim.model.simulation import STRETCH, Simulation, check_seed, declared_class, scenario_of
from sim.scenario import Scenario

F = TypeVar("F", bound=Firm)
ROUNDING, TINY = 1 + 1e-5, 1e-9
"""By how much the promises of a firm may exceed its budget: efforts are kept in single precision."""


class Ecosystem(mesa.Model):
    """An ecosystem of firms under a scenario's rules.

    Args:
        scenario: a scenario, the name of a shipped one or of a file; the default scenario when left out.
        seed: the luck, from 0.
        engine: "compiled", or "agents" to step firm by firm through Mesa.
        firm: the class of the agents; a decision that it overrides runs in Python, the other phases stay compiled.
        phases: phases of your own by name, called with (world, rules, month) instead of the compiled one.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.
        levers: changes to the scenario by full key, e.g. `**{"sharing.take_rate": 0.3}` (what `mesa.batch_run` varies; name its
            seeds as `"seed": range(10)`, as its `iterations` would repeat one).

    Raises:
        Mistake: if the scenario, or what is asked of it, is wrong.
    """

    def __init__(
        self,
        scenario: Scenario | str | None = None,
        seed: int | None = 0,
        *,
        engine: str = "compiled",
        firm: type[Firm] = Firm,
        phases: dict[str, Phase] | None = None,
        extensions: Iterable[Named] = (),
        **levers: Any,
    ) -> None:
        use(*extensions)
        check_seed(seed)
        seed = (
            None if seed is None else int(seed)
        )  # Python's own generator, which Mesa seeds, takes no number of NumPy's
        super().__init__(rng=seed)
        if engine not in ("compiled", "agents"):
            raise Mistake([f"engine: {engine!r} is no engine; allowed are 'compiled' and 'agents'"])
        kind: Any = firm
        if not (isinstance(kind, type) and issubclass(kind, Firm)):
            raise Mistake(
                [f"firm: {shown(firm)} is no kind of firm; write class MyFirm(sim.Firm), and give firm=MyFirm"]
            )
        chosen = scenario_of(scenario, levers)
        own = suit(phases or {}, chosen)
        if firm is Firm:
            firm = (declared_class(chosen) or (Firm,))[0]
        self._take_over(Simulation(chosen, seed or 0, {}), firm, engine == "agents")
        self.simulation.played |= own

    @classmethod
    def of(cls, simulation: Simulation, firm: type[Firm]) -> Self:
        """An ecosystem around a simulation that there is already, whose firms are of a class."""
        made = cls.__new__(cls)
        mesa.Model.__init__(made, rng=simulation.seed)
        made._take_over(simulation, firm, False)
        return made

    def _take_over(self, simulation: Simulation, firm: type[Firm], all_apart: bool) -> None:
        """Play a simulation with firms of a class: all decisions firm by firm, or those that the class overrides."""
        self.simulation = simulation
        self._see_steps(firm)
        self.firm_class = firm
        self._firms: dict[int, Firm] = {}
        self._under_way = False
        overridden = {
            phase
            for phase, methods in DECISIONS.items()
            if all_apart or any(getattr(firm, method) is not getattr(Firm, method) for method in methods)
        }
        self.simulation.played = {phase: partial(PLAYS[phase], self) for phase in DECISIONS if phase in overridden}
        self.datacollector = mesa.DataCollector(model_reporters={name: partial(_now, name) for name in SERIES})

    @property
    def scenario(self) -> Scenario:
        """The scenario that is simulated."""
        return self.simulation.scenario

    @scenario.setter
    def scenario(self, _of_mesa: Any) -> None:
        """Mesa 3.5 puts a scenario of its own kind here, which only carries the seed; ours comes with the simulation."""

    @property
    def world(self) -> World:
        """Firms, ties and the month, as columns."""
        return self.simulation.world

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        return self.simulation.rules

    @property
    def month(self) -> int:
        """The month that is being simulated, or comes next."""
        return self.simulation.month

    @property
    def agents(self) -> Any:
        """The firms, as an AgentSet; made when first asked for, and kept in step with the members."""
        self.assemble()
        return super().agents

    def firm_at(self, slot: int) -> Firm:
        """The firm in a slot."""
        return self._firms[slot]

    def assemble(self) -> list[Firm]:
        """One agent for each member: newcomers get theirs, those who have left lose it. In the order of slots."""
        firms = self.world.firms
        for slot, agent in list(self._firms.items()):
            if not firms.active[slot] or agent.identity != firms.id[slot]:
                self._forget(slot)
        for slot in self.world.member_slots.tolist():
            if slot not in self._firms:
                self._firms[slot] = self.firm_class(self, slot)
        return [self._firms[slot] for slot in sorted(self._firms)]

    def take_away(self, firm: Firm) -> None:
        """Let a firm leave at once; it counts among the month's removals. So `firm.remove()` does.

        Raises:
            Mistake: in the midst of a month, or if an intervention has the firm stay.
        """
        if self._under_way:
            remedy = "decide it in leave(), or call remove() between two steps"
            raise Mistake([f"{firm.name}: a firm cannot be removed in the midst of a month; {remedy}"])
        if self.world.firms.staying[firm.slot]:
            raise Mistake([f"{firm.name}: cannot be removed; an intervention of kind stay holds it"])
        open_month(self.world, self.month)
        shocks.take_away(self.world, firm.slot)
        self._forget(firm.slot)

    def _forget(self, slot: int) -> None:
        """Let the agent of a firm that has left go too."""
        agent = self._firms.pop(slot)
        mesa.Agent.remove(agent)
        agent.slot = GONE

    def step(self) -> None:
        """One month."""
        self._advance(1)
        self.datacollector.collect(self)
        self.running = not self.simulation.over

    def finish(self) -> Run:
        """All months that are left, and the record of the run with its measures.

        Where a subclass has a `step` of its own, each month is such a step.

        Raises:
            Mistake: if that step does not advance the model.
        """
        while not self.simulation.over:
            month = self.month
            if type(self).step is Ecosystem.step:
                self._advance(STRETCH)
                continue
            self.step()
            if self.month == month:
                raise Mistake([f"{type(self).__name__}.step: does not advance the month; call super().step() in it"])
        self.running = False
        return self.simulation.measured()

    def _advance(self, months: int) -> None:
        """Some months, in the midst of which nobody may be removed."""
        self._under_way = True
        try:
            self.simulation.advance(months)
        finally:
            self._under_way = False

    def _see_steps(self, firm: type[Firm]) -> None:
        """See that no firm has a step that nobody calls; an ecosystem with a step of its own may call it.

        Raises:
            Mistake: if one has.
        """
        idle = [
            name for name in ("step", "advance") if getattr(firm, name, None) is not getattr(mesa.Agent, name, None)
        ]
        if idle and type(self).step is Ecosystem.step:
            decisions = ", ".join(method for methods in DECISIONS.values() for method in methods)
            remedy = (
                f"override one of its decisions ({decisions}), or call it in the step of your own kind of Ecosystem"
            )
            raise Mistake([f"{firm.__name__}.{idle[0]}: would never be called; {remedy}"])


def _now(name: str, ecosystem: Ecosystem) -> float:
    """What a series says of the month that has just been simulated."""
    return float(ecosystem.world.now[name])


def checked(value: Any, low: float, high: float, what: str, firm: Firm) -> float:
    """A number that a firm's method returned, if it can be used.

    Raises:
        Mistake: if it is no number in the bounds.
    """
    number = float(value) if isinstance(value, int | float | np.number) else math.nan
    if not low <= number <= high:
        raise refusal(firm, what, value, f"a number from {low:g} to {high:g}")
    return number


def refusal(firm: Firm, what: str, value: Any, allowed: str) -> Mistake:
    """What is said of a method that returned something that cannot be used."""
    return Mistake([f"{type(firm).__name__}.{what}: returned {shown(value)} for {firm.name}; allowed is {allowed}"])


def parts(value: Any, count: int, what: str, firm: Firm, allowed: str) -> list[Any]:
    """What a firm's method returned as so many parts.

    Raises:
        Mistake: if it is not that many.
    """
    if not isinstance(value, list | tuple | np.ndarray) or len(value) != count:
        raise refusal(firm, what, value, allowed)
    return list(value)


def promised(firm: Firm) -> list[float]:
    """The effort that a firm promises each partner: one number a tie, all together within its budget.

    Raises:
        Mistake: if it promises otherwise.
    """
    asked = parts(
        firm.allocate(), firm.degree, "allocate", firm, f"{counted(firm.degree, 'number')}, one for each of its ties"
    )
    efforts = [checked(effort, 0, np.inf, "allocate", firm) for effort in asked]
    if math.fsum(efforts) > firm.budget * ROUNDING + TINY:
        total = f"efforts of {math.fsum(efforts):g} in all"
        raise Mistake([f"{type(firm).__name__}.allocate: {total} for {firm.name}; its budget is {firm.budget:g}"])
    return efforts


def named(other: Any, among: list[Firm], what: str, firm: Firm, allowed: str) -> int:
    """The slot of the firm that a method named, or NOBODY.

    Raises:
        Mistake: if it is not one of those who may be named.
    """
    if other is None:
        return NOBODY
    if not any(other is each for each in among):
        raise refusal(firm, what, other, f"{allowed}, or None")
    return int(other.slot)


def sought(firm: Firm, other: Any) -> int:
    """The slot of the member that a firm would like as a partner, or NOBODY.

    Raises:
        Mistake: if it is no other member of the ecosystem.
    """
    others = [other] if isinstance(other, Firm) and other is not firm and other.slot != GONE else []
    return named(other, others, "seek", firm, "another member")


def ballot(firm: Firm) -> tuple[int, int]:
    """What a firm votes for.

    Raises:
        Mistake: if it is no ballot.
    """
    says = f"−1, 0 or 1 for the take rate, and the number of a sharing rule from 0 to {len(RULES) - 1}"
    cast = parts(firm.vote(), 2, "vote", firm, says)
    for vote, choices in zip(cast, (range(-1, 2), range(len(RULES))), strict=True):
        if not isinstance(vote, int | float | np.number) or vote not in choices:
            raise refusal(firm, "vote", cast, says)
    return int(cast[0]), int(cast[1])


def play_contribution(ecosystem: Ecosystem, world: World, rules: Rules, month: int) -> None:
    """Every firm looks around and back, then all contribute; or as another rule says."""
    rule_in_force = rules.contribution.rule
    if rule_in_force == contribution.IMITATE:
        play_imitation(ecosystem, world, rules, month)
    elif rule_in_force == contribution.REINFORCE:
        play_reinforcement(ecosystem, world, rules, month)
    elif rule_in_force == contribution.THRESHOLD:
        play_contagion(ecosystem, month)
    elif rule_in_force != contribution.CONSTANT:
        play_conditional(ecosystem)


def play_imitation(ecosystem: Ecosystem, world: World, rules: Rules, month: int) -> None:
    """Firms decide whom to follow where all do so at once; births and deaths one by one are nobody's decision."""
    p = rules.contribution
    if p.imitation_order != imitation.SYNCHRONOUS or p.imitation_update == imitation.MORAN:
        imitation.evolve(world, rules, month)
    elif imitation.tally(world, rules, month):
        for firm in ecosystem.assemble():
            models = [*firm.partners, firm]
            model = named(firm.follow(), models, "follow", firm, "itself or one of its partners")
            imitation.prepare(world, firm.slot, model if model != NOBODY else firm.slot)
        imitation.succeed(world, rules, month)
        imitation.close_books(world)


def play_reinforcement(ecosystem: Ecosystem, world: World, rules: Rules, month: int) -> None:
    """Every firm that has partners learns from last month; aspirations follow."""
    for firm in ecosystem.assemble():
        if firm.degree == 0:
            continue
        if month == 0 or firm.born == month:
            reinforcement.begin(world, rules, firm.slot)
            continue
        firm.contribution = checked(firm.reinforce(), 0, 1, "reinforce", firm)
        reinforcement.get_used(world, rules, firm.slot)


def play_contagion(ecosystem: Ecosystem, month: int) -> None:
    """After month 0, in which the seeds act alone, every firm looks how many of its partners did so last month; then all act."""
    members = ecosystem.assemble() if month > 0 else []
    moved = [firm.adopt() for firm in members]
    for firm, acts in zip(members, moved, strict=True):
        firm.contribution = float(acts)


def play_conditional(ecosystem: Ecosystem) -> None:
    """Every firm looks around and back, then all contribute."""
    members = ecosystem.assemble()
    seen = [firm.observe() for firm in members]
    for firm, (belief, experience) in zip(members, seen, strict=True):
        firm.belief, firm.experience = belief, experience
    chosen = [checked(firm.contribute(), 0, 1, "contribute", firm) for firm in members]
    for firm, share in zip(members, chosen, strict=True):
        firm.contribution = share


def play_exchange(ecosystem: Ecosystem, world: World, rules: Rules, _month: int) -> None:
    """Every firm spends and delivers, or acts by its strategy; then both sides see what arrived."""
    if rules.exchange.rule == exchange.STRATEGIES:
        play_strategies(ecosystem, world, rules)
    else:
        play_stakes(ecosystem, world, rules)
    exchange.receive(world, rules)


def play_strategies(ecosystem: Ecosystem, world: World, rules: Rules) -> None:
    """Every firm acts on all its ties."""
    stake = single(strategies.stake_of(rules.value, rules.exchange))
    for firm in ecosystem.assemble():
        for tie in firm.ties:
            tie.given = single(checked(firm.act(tie), 0, 1, "act", firm)) * stake
        strategies.note(world, rules, firm.slot)


def play_stakes(ecosystem: Ecosystem, world: World, rules: Rules) -> None:
    """Every firm spends and delivers."""
    for firm in ecosystem.assemble():
        ready = onboarding.ready(world, rules, firm.slot)
        firm.platform = rules.exchange.commons * (firm.contribution * firm.endowment * ready)
        spent = firm.platform
        for tie, effort in zip(firm.ties, promised(firm), strict=True):
            tie.given = effort
            spent += float(tie.given)
        firm.effort = spent
        firm.delivered = checked(firm.deliver(), 0, np.inf, "deliver", firm)


def play_value(ecosystem: Ecosystem, world: World, rules: Rules, month: int) -> None:
    """What games pay, or the value of all that arrived; then firms show each other what they know, and learn, if knowledge is shared."""
    if rules.value.form != games.EXCHANGE:
        value.phase(world, rules, month)
        return
    value.create(world, rules, month)
    if rules.value.knowledge_on:
        for firm in ecosystem.assemble():
            for tie in firm.ties:
                world.ties.shown[tie.mirror] = checked(firm.share_knowledge(tie), 0, 1, "share_knowledge", firm)
        knowledge.learn(world, rules, month)


def play_governance(ecosystem: Ecosystem, world: World, rules: Rules, month: int) -> None:
    """Watch, sanction, expel; those who wish so are examined; audits and disputes; then the account of governance."""
    governance.police(world, rules, month)
    if rules.governance.certification_on:
        for firm in ecosystem.assemble():
            firm.applying = bool(firm.apply())
    governance.administer(world, rules, month)


def play_fairness(ecosystem: Ecosystem, world: World, rules: Rules, month: int) -> None:
    """Draw up the books, compare deals, then let every firm judge."""
    fairness.account(world, rules, month)
    fairness.compare(world, rules)
    memory = rules.fairness.memory
    for firm in ecosystem.assemble():
        lag, lead, felt = firm.judge()
        firm.disadvantage, firm.advantage = lag, lead
        firm.satisfaction = fairness.smooth(firm.satisfaction, felt, memory)
        firm.grievance = fairness.smooth(firm.grievance, lag, memory)


def play_trust(ecosystem: Ecosystem, world: World, rules: Rules, month: int) -> None:
    """Goals move, where alignment is at work; praise is bought, ratings are published, and every firm learns about every partner."""
    if rules.trust.alignment_on:
        alignment.realign(world, rules, month)
    if rules.governance.ratings_on:
        for firm in ecosystem.assemble():
            firm.praising = bool(firm.buy_praise())
    trust.publish(world, rules, month)
    p = rules.trust
    negativity, credence = single(p.negativity), single(p.witnesses * rules.governance.transparency)
    memories = single(p.memory_operational), single(p.memory_relational), single(p.memory_strategic)
    weights = single(p.weight_operational), single(p.weight_relational), single(p.weight_strategic)
    for firm in ecosystem.assemble():
        for tie in firm.ties:
            kept, returned, agreed = (single(news) for news in firm.learn(tie))
            tie.agreed, tie.hearsay = agreed, ratings.testimony(world, rules, tie.partner)
            told, met = single(trust.substance(tie.promised)), single(trust.substance(tie.received + tie.delivered))
            for level, news, weight, memory in zip(
                ("operational", "relational", "strategic"),
                (kept, returned, agreed),
                (told, met, met),
                memories,
                strict=True,
            ):
                good, bad = f"{level}_good", f"{level}_bad"
                setattr(tie, good, trust.remember(getattr(tie, good), weight * news, memory))
                setattr(tie, bad, trust.remember(getattr(tie, bad), weight * negativity * (single(1) - news), memory))
            tie.trust = trust.combine(
                single(trust.hear(tie.operational_good, tie.operational_bad, tie.hearsay, credence)),
                single(trust.expect(tie.relational_good, tie.relational_bad)),
                single(trust.expect(tie.strategic_good, tie.strategic_bad)),
                *weights,
            )


def play_voice(ecosystem: Ecosystem, world: World, rules: Rules, month: int) -> None:
    """Add up the orchestrators' income; at a review, hear every firm and decide; adapt rules where that is switched on."""
    world.now.income_sum += world.now.orchestrator_income
    if voice.is_review(month, rules.voice):
        for firm in ecosystem.assemble():
            firm.ballot_take, firm.ballot_mix = ballot(firm)
        voice.decide(world, rules, month)
    if rules.voice.adaptive_on:
        orchestration.phase(world, rules, month)


def play_partnering(ecosystem: Ecosystem, world: World, rules: Rules, _month: int) -> None:
    """All decide whom to drop; then all look for new partners; each time, what was decided is done."""
    members = ecosystem.assemble()
    for firm in members:
        firm.dropping = named(firm.drop(), firm.partners, "drop", firm, "one of its partners")
    partnering.part(world)
    for firm in members:
        firm.courting = sought(firm, firm.seek())
    for firm in members:
        if firm.courting == NOBODY or any(tie.partner == firm.courting for tie in firm.ties):
            continue
        other = ecosystem.firm_at(firm.courting)
        if firm.welcome(other) and other.welcome(firm):
            partnering.introduce(world, rules, firm.slot, other.slot)


def play_membership(ecosystem: Ecosystem, world: World, rules: Rules, month: int) -> None:
    """All decide whether to stay; those who do not go; newcomers are admitted."""
    for firm in ecosystem.assemble():
        if firm.leaving == 0 and firm.leave():
            firm.leaving = LEFT
    if rules.membership.contagion_on:
        for firm in ecosystem.assemble():
            if firm.leaving == 0 and firm.follow_out():
                firm.leaving = LEFT
    membership.renew(world, rules, month)


def firm_class(*, on: str) -> Callable[[type[F]], type[F]]:
    """Declare a subclass of `Firm` as the firms of every run in which a switch is on from the start, sweeps included.

    Args:
        on: the switch, by full key, e.g. "cautious.on".

    Raises:
        Mistake: if the class is no kind of firm.
    """

    def declare(kind: type[F]) -> type[F]:
        given: Any = kind
        if not (isinstance(given, type) and issubclass(given, Firm)):
            raise Mistake([f"firm class {shown(kind)}: is no kind of firm; write class MyFirm(sim.Firm)"])
        FIRM_CLASSES[on] = (kind, lambda simulation: Ecosystem.of(simulation, kind))
        return kind

    return declare


PLAYS: dict[str, Callable[[Ecosystem, World, Rules, int], None]] = {
    "contribution": play_contribution,
    "exchange": play_exchange,
    "value": play_value,
    "governance": play_governance,
    "fairness": play_fairness,
    "trust": play_trust,
    "voice": play_voice,
    "partnering": play_partnering,
    "membership": play_membership,
}
"""The phases in which firms decide, played firm by firm."""
