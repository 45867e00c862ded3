"""An explanation in sentences: what happened in a run, why, through which effects, and what would have helped."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from scipy.stats import binom

from sim.core.errors import counted
from sim.core.names import Role, words
from sim.core.state import ORCHESTRATOR
from sim.experiments.counterfactuals.dating import COLLAPSE, Outcome, later
from sim.experiments.counterfactuals.findings import Autopsy
from sim.experiments.counterfactuals.suspects import Suspect
from sim.experiments.counterfactuals.trials import SAME_SHARE, Link, Trial
from sim.experiments.counterfactuals.watching import TRUST_LEVELS, Life
from sim.metrics.collapse import LOST
from sim.reports.blocks import Points, Table
from sim.reports.markdown import toml
from sim.reports.prose.dates import happening
from sim.reports.prose.page import plain
from sim.reports.wording import months_of, named, percent, say, spelled
from sim.scenario.events import AnyIntervention

EFFECTS = {
    "deal": "partners got less of what they create",
    "grievance": "grievance rose",
    "partner_contribution": "partners reduced their effort",
    "trust_operational": "operational trust fell",
    "trust_relational": "relational trust fell",
    "trust_strategic": "strategic trust fell",
    "departures": "more firms left",
    "firms": "a tenth of the members was gone",
    "customers": "a tenth of the customers was gone",
    "value": "value fell",
    COLLAPSE: "it collapsed",
}
"""The effects that are dated, in words."""
NOUNS = {
    "take": "the take",
    "split": "the split",
    "market": "the demand fluctuations",
    "shirking": "free riders",
    "rules": "the new rules",
    "demand": "the demand shock",
    "exit": "the loss of firms",
    "scandal": "the scandal",
    "free_riders": "the firms that turned free riders",
    "leave": "the firms that were made to leave",
    "step": "the step",
}
"""Possible causes as nouns."""
CHANNELS = {"resentment": "resentment of the split", "withdrawal": "reduced effort", "distrust": "lost trust"}
POOR = 0.8
"""What partners get per unit of what they create, below which they are short of it from the start."""
ALIKE = 0.01
"""Differences between groups that do not count."""
LEADER = words(Role)[ORCHESTRATOR]
FEW = 3


def story(found: Autopsy) -> list[Points]:
    """An explanation in sentences, under heads."""
    heads = {
        "What happened": [line for _month, line in sorted(_happened(found), key=lambda each: each[0])],
        "Why": list(_why(found)),
        "Through which effects": list(_through(found)),
        "What might have helped": [_tried(found, each) for each in found.singles if each.kind == "remedy"],
        "What you asked": [_tried(found, each) for each in found.trials if each.kind == "asked"],
    }
    return [Points(head, [plain(line) for line in lines]) for head, lines in heads.items() if lines]


def headline(found: Autopsy) -> str:
    """The explanation in a sentence."""
    guilty = found.guilty
    if not found.has_collapsed:
        if found.peak[2] < LOST:
            return "It did not collapse, and lost almost nothing"
        fell = f"It did not collapse; at worst value was {percent(round(found.peak[2], 2))} below its peak"
        return f"{fell}: {_blamed(guilty)}" if guilty else f"{fell}, and no cause is confirmed"
    fell = f"It collapsed in month {found.fate.collapsed:.0f}"
    if found.overdetermined:
        both = " and ".join(_noun(each, dated=False) for each in found.pairs[0].suspects)
        return f"{fell} for two reasons: {both} were each sufficient{_only_here(found, found.pairs[0])}"
    enough = [each for each in guilty if each.prevents] or guilty
    return f"{fell}: {_blamed(enough)}" if enough else f"{fell}, and no single cause is confirmed"


def _only_here(found: Autopsy, pair: Trial) -> str:
    """A caveat, if other seeds do not confirm two causes."""
    count, held, _does = common(found, pair)
    if not count or is_common(found, held, count):
        return ""
    return say("explain.only_here", held=held, count=count)


def _blamed(guilty: Sequence[Trial]) -> str:
    return plain(" and ".join(_noun(each.suspects[0], dated=False) for each in guilty[:FEW]))


def _noun(suspect: Suspect, dated: bool = True) -> str:
    """A possible cause as a noun."""
    if suspect.firm:
        return f"the {'exit' if suspect.name.startswith('exit') else 'loss'} of {named(suspect.firm)}"
    kind, _, rest = suspect.name.partition("-")
    if kind == "step":
        return f"the step {rest}"
    return NOUNS.get(kind, suspect.name) + (f" of month {rest.partition('-')[0]}" if rest and dated else "")


# --- what happened --------------------------------------------------------------------------------------------------------


def _happened(found: Autopsy) -> Iterator[tuple[float, str]]:
    """Each event with its month."""
    for event in found.scenario.events:
        if event.at <= found.end:
            yield event.at, f"Month {event.at}: {event_in_words(event)}."
    yield from _shortchanged(found)
    for name in ("grievance", "partner_contribution", "value", "customers", "firms"):
        if (at := _onset(found, name)) is not None:
            yield at, f"Month {at:.0f}: {EFFECTS[name]}, {_from_to(found, name)}."
    yield from _trust(found)
    yield from _left(found)
    if found.has_collapsed:
        yield found.fate.collapsed + 0.5, f"Month {found.fate.collapsed:.0f}: it counts as collapsed."
    else:
        high, low, lost = found.peak
        negligible = "" if lost >= LOST else ", which is negligible"
        yield low + 0.5, say("explain.largest", lost=percent(round(lost, 3)), high=high, low=low, negligible=negligible)


def event_in_words(event: AnyIntervention) -> str:
    """An event in words."""
    if event.kind == "rules":
        return "new rules: " + ", ".join(f"{key} = {toml(value)}" for key, value in event.set.items())
    return happening(event)


def _onset(found: Autopsy, name: str) -> float | None:
    """When an effect set in, if it did before the end."""
    at = found.fate.onset(name)
    return at if at <= found.end else None


def _from_to(found: Autopsy, name: str) -> str:
    """The value of a series before an effect, and at its onset."""
    return f"from {spelled(found.bands[name].before)} to {spelled(found.at(name, found.fate.onset(name)))}"


def _shortchanged(found: Autopsy) -> Iterator[tuple[float, str]]:
    """Which groups got less than they created, and which got more."""
    band, at = found.bands.get("deal"), _onset(found, "deal") if "deal" in found.bands else None
    if band is None or (at is None and band.before >= POOR):
        return
    groups = found.shortchanged[found.shortchanged["group"] != LEADER]
    column, month = ("before", found.start) if at is None else ("after", at)
    got = band.before if at is None else found.at("deal", at)
    when, before = ("From the start", "") if at is None else (f"Month {at:.0f}:", f", after {band.before:.2f} before")
    if not len(groups) or groups[column].max() - groups[column].min() <= ALIKE:
        who = "all roles and types alike"
    else:
        worst = groups.sort_values([column, "group"], kind="stable").head(FEW)
        who = f"worst off {', '.join(f'{name} ({part:.2f})' for name, part in zip(worst['group'], worst[column], strict=True))}"
    yield month, say("explain.shortchanged", when=when, got=got, before=before, who=who)
    old, new = found.income
    if new > old * (1 + LOST):
        yield month, f"The orchestrators' income a month rose from {spelled(old)} to {spelled(new)} over the year."


def _trust(found: Autopsy) -> Iterator[tuple[float, str]]:
    """Which level of trust fell first, and when the others fell."""
    fell = {name: at for name in TRUST_LEVELS if (at := _onset(found, name)) is not None}
    level = {name: name.removeprefix("trust_") for name in TRUST_LEVELS}
    if not fell:
        if any(name in found.bands for name in TRUST_LEVELS):
            yield found.end, "No level of trust fell by a tenth until then."
        return
    at, first = min(fell.values()), " and ".join(level[name] for name in found.first_level)
    rest = [f"{level[name]} in month {month:.0f}" for name, month in fell.items() if name not in found.first_level]
    held = [level[name] for name in TRUST_LEVELS if name in found.bands and name not in fell]
    parts = [f"Month {at:.0f}: of the levels of trust {first} fell first, {_from_to(found, found.first_level[0])}"]
    parts += [f"{' and '.join(rest)} followed"] * bool(rest)
    parts += [f"{' and '.join(held)} trust did not fall by a tenth until then"] * bool(held)
    yield at, f"{'; '.join(parts)}."


def _left(found: Autopsy) -> Iterator[tuple[float, str]]:
    """Which firms left, how, and of which role."""
    gone, at = found.leavers, _onset(found, "departures")
    if at is not None:
        band = found.bands["departures"]
        before, now = (percent(round(share, 4)) for share in (band.before, found.at("departures", at)))
        yield at, f"Month {at:.0f}: {EFFECTS['departures']}, {now} a month, after {before}."
    if not gone or (at is None and _onset(found, "firms") is None):
        return
    hub = max(gone, key=lambda each: (each.partners, -(each.left or 0)))
    yield float(gone[0].left or 0), f"Month {gone[0].left}: the first to leave was {_who(gone[0])}."
    if hub is not gone[0]:
        yield float(hub.left or 0), f"Month {hub.left}: the best connected to leave was {_who(hub)}."
    ways = Counter({"went": "left in one of several ways"}.get(each.how, each.how) for each in gone).most_common()
    roles = Counter(each.role for each in gone).most_common(FEW)
    how = ", ".join(f"{count:,} {way}" for way, count in ways)
    most = ", ".join(f"{role} {count:,}" for role, count in roles)
    until = "the collapse" if found.has_collapsed else "the lowest point"
    yield (
        found.end,
        f"From month {found.start} to {until} {counted(len(gone), 'firm')} left: {how}; most of them {most}.",
    )


def _who(life: Life) -> str:
    """A firm that left: name, role, partners, how."""
    return f"{named(life.name)} ({life.role}, {counted(life.partners, 'partner')}; {life.how})"


# --- why ------------------------------------------------------------------------------------------------------------------


def _why(found: Autopsy) -> Iterator[str]:
    """The causes that are confirmed, and those that are not."""
    yield from _chance(found)
    guilty = found.guilty
    yield from (_tried(found, trial) for trial in guilty)
    causes = [each for each in found.singles if each.kind == "cause"]
    if found.overdetermined:
        yield from (_over(found, pair) for pair in found.pairs)
    elif found.has_collapsed and len(causes) > 1 and not any(math.isnan(each.outcome.collapsed) for each in guilty):
        yield "No change that was tried, alone or with another, prevents the collapse."
    innocent = [each for each in causes if not each.confirmed]
    if late := [
        f"{_noun(each.suspects[0], dated=False)} (month {each.suspects[0].since})"
        for each in innocent
        if found.is_late(each)
    ]:
        yield f"Came after the collapse of month {found.fate.collapsed:.0f}, and cannot have caused it: {', '.join(late)}."
    if rest := [f"had {each.what}, {_instead(found, each.outcome)}" for each in innocent if not found.is_late(each)]:
        yield f"Not confirmed, as chance does as much: {'; '.join(rest)}."


def _chance(found: Autopsy) -> Iterator[str]:
    """The outcomes of the placebos."""
    for month, outcomes in ((found.start, found.placebos.late), (0, found.placebos.early)):
        if not outcomes:
            continue
        firms = counted(len(outcomes), "ordinary firm")
        causes = "Causes that began later" if month == found.start else "Causes present from the start"
        if found.has_collapsed:
            delays = [later(found.fate.collapsed, each.collapsed) for each in outcomes]
            spared, some = sum(map(math.isinf, delays)), [delay for delay in delays if math.isfinite(delay)]
            shift = f"the collapse moved by {_span(min(some), max(some))}" if some else ""
            none = f"{spared} of these runs did not collapse at all, so that chance decided" if spared else ""
            result = " and ".join(filter(None, (shift, none)))
        else:
            low, high = (percent(round(end([each.lost for each in outcomes]), 3)) for end in (min, max))
            result = f"the share of value lost was {low} to {high}"
        yield say("explain.placebos", firms=firms, month=month, result=result, causes=causes)
    if not found.placebos.late and not found.placebos.early:
        yield say("explain.no_placebos")


def _span(low: float, high: float) -> str:
    ends = [_signed(low), *[_signed(high)] * (low != high)]
    return f"{' to '.join(ends)} months"


def _signed(months: float) -> str:
    return f"{'+' if months > 0 else '−' if months < 0 else ''}{abs(months):.0f}"


def _tried(found: Autopsy, trial: Trial) -> str:
    """A counterfactual in a sentence or two."""
    late = _too_late(found, trial) if found.is_late(trial) else ""
    verdict = found.verdict(trial).capitalize()
    return f"{verdict}: had {trial.what}, {_instead(found, trial.outcome)}{late}.{_commonly(found, trial)}"


def _too_late(found: Autopsy, trial: Trial) -> str:
    """A remark that the collapse came before the change."""
    since = min(each.since for each in trial.suspects)
    before = f"; the collapse came {months_of(round(since - found.fate.collapsed))} before"
    if len(trial.suspects) == 1 and trial.name.startswith("exit of "):
        return f"{before} it left, which cannot have caused it"
    return f"{before} that, and could no longer be prevented"


def _instead(found: Autopsy, outcome: Outcome) -> str:
    """What would have happened."""
    if found.has_collapsed:
        if math.isnan(outcome.collapsed):
            return f"there would have been no collapse in {months_of(found.scenario.run.steps)}"
        delay = outcome.collapsed - found.fate.collapsed
        if delay == 0:
            return "it would have collapsed in the same month"
        way = "later" if delay > 0 else "earlier"
        return f"it would have collapsed {months_of(round(abs(delay)))} {way}, in month {outcome.collapsed:.0f}"
    if math.isfinite(outcome.collapsed):
        return f"it would have collapsed in month {outcome.collapsed:.0f}"
    before, after = percent(round(found.fate.lost, 3)), percent(round(outcome.lost, 3))
    return f"{after} of value would have been lost from month {found.start} on, not {before}"


def _commonly(found: Autopsy, trial: Trial) -> str:
    """What the same change does with other seeds."""
    pairs = trial.elsewhere
    if not pairs:
        return ""
    count, held, does = common(found, trial)
    if count == 0:
        return f" With {counted(len(pairs), 'other seed')} it did not collapse at all."
    seeds = counted(len(pairs), "other seed")
    line = f" With {seeds}{f', of which {count} collapsed,' * found.has_collapsed} it {does} in {held}"
    if not trial.confirmed:
        return f"{line}."
    return f"{line}: {'so it does commonly' if is_common(found, held, count) else 'it may do so with this seed alone'}."


def is_common(found: Autopsy, held: int, count: int) -> bool:
    """Whether something holds with most seeds; for a loss, which chance alone reduces with every other seed, more often than chance would
    once in 20 (sign test)."""
    if found.has_collapsed:
        return held > count / 2
    return bool(binom.sf(held - 1, count, 0.5) <= 0.05)


def common(found: Autopsy, trial: Trial) -> tuple[int, int, str]:
    """With how many other seeds there was an outcome to undo, in how many it is undone as here, and how."""
    pairs = trial.elsewhere
    if not found.has_collapsed:
        return len(pairs), sum(one.lost - other.lost > SAME_SHARE for one, other in pairs), "saves value as well"
    fell = [pair for pair in pairs if math.isfinite(pair[0].collapsed)]
    if trial.prevents:
        return len(fell), sum(math.isnan(other.collapsed) for _one, other in fell), "prevents that"
    least = found.margin(trial.suspects)
    delayed = sum(later(one.collapsed, other.collapsed) >= least for one, other in fell)
    return len(fell), delayed, f"prevents that, or delays it by {counted(least, 'month')} or more,"


def _over(found: Autopsy, pair: Trial) -> str:
    """A pair of causes, each of which was sufficient."""
    alone = {each.name: each.outcome.collapsed for each in found.singles}
    when = " and ".join(f"month {alone[each.name]:.0f}" for each in pair.suspects)
    both = f"Over-determined: had {pair.what}, {_instead(found, pair.outcome)}"
    return f"{both}; without one of them alone it collapses all the same ({when}).{_commonly(found, pair)}"


def _through(found: Autopsy) -> Iterator[str]:
    """Each effect, and the causes without which it does not set in, or later."""
    if found.links:
        seeds = ", and with how many of the other seeds under which it set in that holds too" if found.lucks else ""
        yield say("explain.in_brackets", seeds=seeds)
    suspects = {each.name: each.suspects[0] for each in found.singles}
    by_effect: dict[str, list[Link]] = {}
    for link in found.links:
        by_effect.setdefault(link.effect, []).append(link)
    for effect, links in sorted(by_effect.items(), key=lambda each: each[1][0].at):
        causes = [f"{_cause(suspects[link.cause])} ({_gone(link)})" for link in links if link.confirmed]
        follows = f"follows from {'; '.join(causes)}" if causes else "not confirmed to follow from any cause tried"
        yield f"Month {links[0].at:.0f}, {EFFECTS[effect]}: {follows}."


def _cause(suspect: Suspect) -> str:
    return CHANNELS.get(suspect.name) or _noun(suspect)


def _gone(link: Link) -> str:
    """When an effect sets in without a cause."""
    without = "never" if math.isnan(link.instead) else f"month {link.instead:.0f}"
    return f"{without}; {_of(link.held, link.lucks)}" if link.lucks else without


def _of(held: int, count: int) -> str:
    return f"{held} of {count}"


# --- tables ---------------------------------------------------------------------------------------------------------------


def distinct(found: Autopsy) -> list[Trial]:
    """The counterfactuals, each once: a cause that was also asked for is listed as a cause."""
    causes = {each.name for each in found.singles if each.kind == "cause"}
    return [each for each in found.trials if each.kind != "asked" or each.name not in causes]


def trials_table(found: Autopsy) -> Table:
    """The counterfactuals."""
    rows = [["as it was", "", *_fate(found, found.fate), "", ""]]
    for trial in distinct(found):
        kind = "both" if trial.kind == "pair" else trial.kind
        count, held, _does = common(found, trial)
        seeds = _of(held, count) if trial.elsewhere else ""
        rows.append([plain(f"had {trial.what}"), kind, *_fate(found, trial.outcome), found.verdict(trial), seeds])
    header = ["counterfactual", "kind", "collapse", "later", "value lost", "verdict", "other seeds"]
    return Table("What would have happened under the same random events", header, rows, {2, 3, 4})


def _fate(found: Autopsy, outcome: Outcome) -> list[str]:
    month = "none" if math.isnan(outcome.collapsed) else f"{outcome.collapsed:.0f}"
    delay = later(found.fate.collapsed, outcome.collapsed)
    shift = "" if outcome is found.fate or not math.isfinite(delay) else _signed(delay)
    return [month, shift, percent(round(outcome.lost, 3))]


def links_table(found: Autopsy) -> Table:
    """The links between causes and effects that are confirmed."""
    rows = [
        [
            plain(link.cause),
            EFFECTS[link.effect],
            f"{link.at:.0f}",
            "never" if math.isnan(link.instead) else f"{link.instead:.0f}",
            _of(link.held, link.lucks) if link.lucks else "",
        ]
        for link in found.links
        if link.confirmed
    ]
    header = ["cause taken away", "effect", "month", "month without it", "other seeds"]
    return Table("When an effect set in, and when without a cause", header, rows, {2, 3})


def groups_table(found: Autopsy) -> Table:
    """What each group got of what it created."""
    table, (first, last) = found.shortchanged, found.reference
    columns = zip(table["group"], table["before"], table["after"], strict=True)
    rows = [[str(group).replace("_", " "), f"{before:.2f}", f"{after:.2f}"] for group, before, after in columns]
    caption = "What each group got per unit of value that it created (Shapley value), the worst off first"
    header = ["group", f"months {first} to {last}", f"the year from month {found.short_from:.0f}"]
    return Table(caption, header, rows, {1, 2})
