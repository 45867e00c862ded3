"""An autopsy in plain sentences: what happened, why, through what, and what would have helped."""

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
from sim.reports.markdown import toml
from sim.reports.page_parts import Points, Told, named
from sim.reports.prose.dates import happening
from sim.reports.prose.page import plain
from sim.reports.tables import spelled
from sim.reports.wording import months_of, percent
from sim.scenario.events import AnyIntervention

EFFECTS = {
    "deal": "partners got less of what they create",
    "grievance": "grievance rose",
    "partner_contribution": "partners withdrew effort",
    "trust_operational": "operational trust fell",
    "trust_relational": "relational trust fell",
    "trust_strategic": "strategic trust fell",
    "departures": "more firms left",
    "firms": "a tenth of the members was gone",
    "customers": "a tenth of the customers was gone",
    "value": "value fell",
    COLLAPSE: "it collapsed",
}
"""What is dated, in words."""
POOR = 0.8
"""What partners get per unit of what they create, below which they are short of it from the start."""
ALIKE = 0.01
"""Differences between groups that are none."""
LEADER = words(Role)[ORCHESTRATOR]
FEW = 3
HOW = {"went": "went in one of several ways"}


def story(found: Autopsy) -> list[Points]:
    """An autopsy in sentences, under heads."""
    heads = {
        "What happened": [line for _month, line in sorted(_happened(found), key=lambda each: each[0])],
        "Why": list(_why(found)),
        "Through what": list(_through(found)),
        "What might have helped": [_tried(found, each) for each in found.singles if each.kind == "remedy"],
        "What was asked": [_tried(found, each) for each in found.trials if each.kind == "asked"],
    }
    return [Points(head, [plain(line) for line in lines]) for head, lines in heads.items() if lines]


def headline(found: Autopsy) -> str:
    """What the autopsy comes to, in a sentence."""
    guilty = found.guilty
    if not found.has_collapsed:
        if found.peak[2] < LOST:
            return "It did not collapse, and lost nothing worth the name"
        fell = f"It did not collapse; at worst value was {percent(round(found.peak[2], 2))} below its peak"
        return f"{fell}: {_blamed(guilty)}" if guilty else f"{fell}, and no cause is confirmed"
    fell = f"It collapsed in month {found.fate.collapsed:.0f}"
    if found.overdetermined:
        both = " and ".join(_said(each, dated=False) for each in found.pairs[0].suspects)
        return f"{fell} twice over: {both} each sufficed{_elsewhere_too(found, found.pairs[0])}"
    enough = [each for each in guilty if each.prevents] or guilty
    return f"{fell}: {_blamed(enough)}" if enough else f"{fell}, and no single cause is confirmed"


def _elsewhere_too(found: Autopsy, pair: Trial) -> str:
    """A caveat, where other lucks do not bear two causes out."""
    count, held, _does = common(found, pair)
    return (
        ""
        if not count or is_common(found, held, count)
        else f" on this luck; on others, without both, it did not in {held} of {count}"
    )


def _blamed(guilty: Sequence[Trial]) -> str:
    return plain(" and ".join(_said(each.suspects[0], dated=False) for each in guilty[:FEW]))


SAID = {
    "take": "the take",
    "split": "the split",
    "market": "the market's ups and downs",
    "shirking": "free riders",
    "rules": "the new rules",
    "demand": "the demand shock",
    "exit": "the loss of firms",
    "scandal": "the scandal",
    "free_riders": "the firms that turned free riders",
    "leave": "the firms that were made to leave",
    "step": "the step",
}


def _said(suspect: Suspect, dated: bool = True) -> str:
    """A suspect as a noun."""
    if suspect.firm:
        return (
            f"the exit of {named(suspect.firm)}"
            if suspect.name.startswith("exit")
            else f"the loss of {named(suspect.firm)}"
        )
    kind, _, rest = suspect.name.partition("-")
    if kind == "step":
        return f"the step {rest}"
    said = SAID.get(kind, suspect.name)
    return f"{said} of month {rest.partition('-')[0]}" if rest and dated else said


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
        said = f"The largest loss, as yearly means go: {percent(round(lost, 3))} of value from month {high:.0f} to month {low:.0f}"
        yield low + 0.5, f"{said}{'' if lost >= LOST else ', which is nothing worth the name'}. It did not collapse."


def event_in_words(event: AnyIntervention) -> str:
    """What happened at a date."""
    if event.kind == "rules":
        return "new rules: " + ", ".join(f"{key} = {toml(value)}" for key, value in event.set.items())
    return happening(event)


def _onset(found: Autopsy, name: str) -> float | None:
    """When an effect set in, if it did before the end."""
    at = found.fate.onset(name)
    return at if at <= found.end else None


def _from_to(found: Autopsy, name: str) -> str:
    """What a series had been, and what it was at the onset."""
    return f"from {spelled(found.bands[name].before)} to {spelled(found.at(name, found.fate.onset(name)))}"


def _shortchanged(found: Autopsy) -> Iterator[tuple[float, str]]:
    """Who got less than what it created, and who got more."""
    band = found.bands.get("deal")
    if band is None:
        return
    at = _onset(found, "deal")
    if at is None and band.before >= POOR:
        return
    groups = found.shortchanged[found.shortchanged["group"] != LEADER]
    column = "before" if at is None else "after"
    when = "From the start" if at is None else f"Month {at:.0f}:"
    had = "" if at is None else f", after {band.before:.2f} before"
    now = band.before if at is None else found.at("deal", at)
    spread = groups[column].max() - groups[column].min() if len(groups) else 0.0
    if spread <= ALIKE:
        who = "all roles and types alike"
    else:
        worst = groups.sort_values([column, "group"], kind="stable").head(FEW)
        who = "worst off " + ", ".join(
            f"{who} ({got:.2f})" for who, got in zip(worst["group"], worst[column], strict=True)
        )
    yield at or found.start, f"{when} partners got {now:.2f} for each unit of value that they created{had}; {who}."
    before, after = found.income
    if after > before * (1 + LOST):
        yield (
            at or found.start,
            f"The orchestrators' income a month rose from {spelled(before)} to {spelled(after)} over the year.",
        )


def _trust(found: Autopsy) -> Iterator[tuple[float, str]]:
    """Which level of trust fell first, and what of the others."""
    fell = {name: at for name in TRUST_LEVELS if (at := _onset(found, name)) is not None}
    if not fell:
        if any(name in found.bands for name in TRUST_LEVELS):
            yield found.end, "No level of trust fell by a tenth until then."
        return
    first = " and ".join(_level(name) for name in found.first_level)
    at = min(fell.values())
    rest = [f"{_level(name)} in month {month:.0f}" for name, month in fell.items() if name not in found.first_level]
    held = [_level(name) for name in TRUST_LEVELS if name in found.bands and name not in fell]
    said = f"Month {at:.0f}: of the levels of trust {first} fell first, {_from_to(found, found.first_level[0])}"
    more = [f"{' and '.join(rest)} followed"] if rest else []
    more += [f"{' and '.join(held)} trust did not fall by a tenth until then"] if held else []
    yield at, "; ".join([said, *more]) + "."


def _level(name: str) -> str:
    return name.removeprefix("trust_")


def _left(found: Autopsy) -> Iterator[tuple[float, str]]:
    """Who left, how, and of which role."""
    gone = found.leavers
    at = _onset(found, "departures")
    if at is not None:
        before, now = found.bands["departures"].before, found.at("departures", at)
        share = f"{percent(round(now, 4))} a month, after {percent(round(before, 4))}"
        yield at, f"Month {at:.0f}: {EFFECTS['departures']}, {share}."
    if gone and (at is not None or _onset(found, "firms") is not None):
        hub = max(gone, key=lambda each: (each.partners, -(each.left or 0)))
        yield float(gone[0].left or 0), f"Month {gone[0].left}: the first to go was {_who(gone[0])}."
        if hub is not gone[0]:
            yield float(hub.left or 0), f"Month {hub.left}: the best connected to go was {_who(hub)}."
        ways = Counter(each.how for each in gone)
        roles = Counter(each.role for each in gone)
        told = ", ".join(f"{count:,} {HOW.get(how, how)}" for how, count in ways.most_common())
        of = ", ".join(f"{role} {count:,}" for role, count in roles.most_common(FEW))
        until = "the collapse" if found.has_collapsed else "the lowest point"
        yield (
            found.end,
            f"From month {found.start} to {until} {counted(len(gone), 'firm')} went: {told}; most of them {of}.",
        )


def _who(life: Life) -> str:
    """A firm that went: name, role, partners, how."""
    partners = counted(life.partners, "partner")
    return f"{named(life.name)} ({life.role}, {partners}; {life.how})"


# --- why ------------------------------------------------------------------------------------------------------------------


def _why(found: Autopsy) -> Iterator[str]:
    """The causes that are confirmed, and those that are not."""
    yield from _chance(found)
    guilty = found.guilty
    for trial in guilty:
        yield _tried(found, trial)
    if found.overdetermined:
        yield from (_over(found, pair) for pair in found.pairs)
    elif found.has_collapsed and not any(math.isnan(each.outcome.collapsed) for each in guilty):
        causes = [each for each in found.singles if each.kind == "cause"]
        if len(causes) > 1:
            yield "Nothing that could be taken away, alone or with another, prevents the collapse."
    innocent = [each for each in found.singles if each.kind == "cause" and not each.confirmed]
    rest = [each for each in innocent if not found.is_late(each)]
    if late := [each.suspects[0] for each in innocent if found.is_late(each)]:
        told = ", ".join(f"{_said(each, dated=False)} (month {each.since})" for each in late)
        their = "its" if len(late) == 1 else "their"
        yield f"Came after the collapse of month {found.fate.collapsed:.0f}, which cannot be {their} doing: {told}."
    if rest:
        told = "; ".join(f"had {each.what}, {_instead(found, each.outcome)}" for each in rest)
        yield f"Not confirmed, as chance does as much: {told}."


def _chance(found: Autopsy) -> Iterator[str]:
    """What the placebos say."""
    for month, outcomes in ((found.start, found.placebos.late), (0, found.placebos.early)):
        if not outcomes:
            continue
        said = f"To tell causes from chance, {counted(len(outcomes), 'ordinary firm')} were made to leave in month {month}, one a run"
        against = "What began later" if month == found.start else "What had been there all along"
        if found.has_collapsed:
            delays = [later(found.fate.collapsed, each.collapsed) for each in outcomes]
            spared = sum(map(math.isinf, delays))
            some = [delay for delay in delays if math.isfinite(delay)]
            shift = f"the collapse moved by {_span(min(some), max(some))}" if some else ""
            none = f"in {spared} of them there was none at all, so that it hung on chance" if spared else ""
            result = " and ".join(filter(None, (shift, none)))
        else:
            lost = [each.lost for each in outcomes]
            result = f"the share of value lost was {percent(round(min(lost), 3))} to {percent(round(max(lost), 3))}"
        yield f"{said}: {result}. {against} is held against that."
    if not found.placebos.late and not found.placebos.early:
        yield "There were no ordinary firms to tell causes from chance by, so that nothing can be confirmed."


def _span(low: float, high: float) -> str:
    if low == high:
        return f"{_signed(low)} months"
    return f"{_signed(low)} to {_signed(high)} months"


def _signed(months: float) -> str:
    return f"{'+' if months > 0 else '−' if months < 0 else ''}{abs(months):.0f}"


def _tried(found: Autopsy, trial: Trial) -> str:
    """A counterfactual in a sentence or two."""
    verdict = found.verdict(trial).capitalize()
    late = _too_late(found, trial) if found.is_late(trial) else ""
    return f"{verdict}: had {trial.what}, {_instead(found, trial.outcome)}{late}.{_commonly(found, trial)}"


def _too_late(found: Autopsy, trial: Trial) -> str:
    """That the collapse came before what is asked about."""
    since = min(each.since for each in trial.suspects)
    before = f"; the collapse came {months_of(round(since - found.fate.collapsed))} before"
    if len(trial.suspects) == 1 and trial.name.startswith("exit of "):
        return f"{before} it left, and cannot be its doing"
    return f"{before} that, and could not be prevented any more"


def _instead(found: Autopsy, outcome: Outcome) -> str:
    """What would have come."""
    length = months_of(found.scenario.run.steps)
    if found.has_collapsed:
        if math.isnan(outcome.collapsed):
            return f"there would have been no collapse in {length}"
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
    """What came of it under other lucks."""
    pairs = trial.elsewhere
    if not pairs:
        return ""
    count, held, does = common(found, trial)
    if count == 0:
        return f" Of {len(pairs)} other lucks none collapsed as it was."
    lucks = counted(len(pairs), "other luck")
    said = f" On {lucks}{f', {count} of which collapsed,' * found.has_collapsed} it {does} in {held}"
    if not trial.confirmed:
        return f"{said}."
    return f"{said}: {'so it does commonly' if is_common(found, held, count) else 'this luck may be alone in it'}."


def is_common(found: Autopsy, held: int, count: int) -> bool:
    """Whether something holds on most lucks; of a loss, which chance alone spares on every other one, on more than chance would have it
    once in 20 (sign test)."""
    if found.has_collapsed:
        return held > count / 2
    return bool(binom.sf(held - 1, count, 0.5) <= 0.05)


def common(found: Autopsy, trial: Trial) -> tuple[int, int, str]:
    """On how many other lucks there was something to undo, in how many of them it is undone as here, and what is done."""
    pairs = trial.elsewhere
    if not found.has_collapsed:
        return len(pairs), sum(one.lost - other.lost > SAME_SHARE for one, other in pairs), "spares value as well"
    fell = [pair for pair in pairs if math.isfinite(pair[0].collapsed)]
    if trial.prevents:
        return len(fell), sum(math.isnan(other.collapsed) for _one, other in fell), "prevents that"
    least = found.margin(trial.suspects)
    delayed = sum(later(one.collapsed, other.collapsed) >= least for one, other in fell)
    return len(fell), delayed, f"prevents that, or delays it by {counted(least, 'month')} or more,"


def _over(found: Autopsy, pair: Trial) -> str:
    """A pair of causes, each of which sufficed."""
    alone = {each.name: each.outcome.collapsed for each in found.singles}
    when = " and ".join(f"month {alone[each.name]:.0f}" for each in pair.suspects)
    said = f"Over-determined: had {pair.what}, {_instead(found, pair.outcome)}"
    return f"{said}; without one of them alone it collapses all the same ({when}).{_commonly(found, pair)}"


# --- through what ---------------------------------------------------------------------------------------------------------


def _through(found: Autopsy) -> Iterator[str]:
    """Each effect, and what it followed from: what it goes, or is later, without."""
    if found.links:
        lucks = ", and on how many of the other lucks in which it set in that holds too" if found.lucks else ""
        yield f"In brackets: when an effect sets in without that{lucks}."
    whats = {each.name: each.suspects[0] for each in found.singles}
    by_effect: dict[str, list[Link]] = {}
    for link in found.links:
        by_effect.setdefault(link.effect, []).append(link)
    for effect, links in sorted(by_effect.items(), key=lambda each: each[1][0].at):
        sure = [link for link in links if link.confirmed]
        if not sure:
            yield f"Month {links[0].at:.0f}, {EFFECTS[effect]}: not confirmed to follow from anything that was taken away."
            continue
        told = "; ".join(f"{_cause(whats[link.cause])} ({_gone(link)})" for link in sure)
        yield f"Month {links[0].at:.0f}, {EFFECTS[effect]}: follows from {told}."


CHANNELS = {
    "resentment": "resentment of the split",
    "withdrawal": "withdrawn effort",
    "distrust": "lost trust",
    "exits": "exits",
}


def _cause(suspect: Suspect) -> str:
    return CHANNELS.get(suspect.name) or _said(suspect)


def _gone(link: Link) -> str:
    """What becomes of an effect without a suspect."""
    without = "never" if math.isnan(link.instead) else f"month {link.instead:.0f}"
    return f"{without}; {link.held} of {link.lucks}" if link.lucks else without


# --- tables ---------------------------------------------------------------------------------------------------------------

LUCKS = (
    "Other lucks: in how many of the runs with other random events the same change undoes the outcome, out of those in which there was one "
    "to undo. “Through what” counts each effect by itself, out of the runs in which that effect set in: so its numbers may differ."
)
"""What the last column of the table counts, and why chains count otherwise."""
KINDS = {"cause": "cause", "remedy": "remedy", "channel": "channel", "asked": "asked", "pair": "both"}


def distinct(found: Autopsy) -> list[Trial]:
    """The counterfactuals, each once: what is asked for and is a cause as well is told as a cause."""
    causes = {each.name for each in found.singles if each.kind == "cause"}
    return [each for each in found.trials if each.kind != "asked" or each.name not in causes]


def told_trials(found: Autopsy) -> Told:
    """The counterfactuals, for a page or the terminal."""
    rows = [["as it was", "", *_fate(found, found.fate), "", ""]]
    for trial in distinct(found):
        verdict = found.verdict(trial)
        what = plain(f"had {trial.what}")
        rows.append(
            [what, KINDS.get(trial.kind, trial.kind), *_fate(found, trial.outcome), verdict, _lucks(found, trial)]
        )
    header = ["counterfactual", "kind", "collapse", "later", "value lost", "verdict", "other lucks"]
    return Told("What would have come, under the same luck", header, rows, {2, 3, 4})


def _fate(found: Autopsy, outcome: Outcome) -> list[str]:
    month = "none" if math.isnan(outcome.collapsed) else f"{outcome.collapsed:.0f}"
    delay = later(found.fate.collapsed, outcome.collapsed)
    shift = "" if outcome is found.fate or not math.isfinite(delay) else _signed(delay)
    return [month, shift, percent(round(outcome.lost, 3))]


def _lucks(found: Autopsy, trial: Trial) -> str:
    """On how many other lucks it holds."""
    pairs = trial.elsewhere
    if not pairs:
        return ""
    count, held, _does = common(found, trial)
    return f"{held} of {count}"


def told_links(found: Autopsy) -> Told:
    """The links that are confirmed, for a page."""
    rows = [
        [
            plain(link.cause),
            EFFECTS[link.effect],
            f"{link.at:.0f}",
            "never" if math.isnan(link.instead) else f"{link.instead:.0f}",
            f"{link.held} of {link.lucks}" if link.lucks else "",
        ]
        for link in found.links
        if link.confirmed
    ]
    header = ["taken away", "effect", "month", "without", "other lucks"]
    return Told("When an effect set in, and when without", header, rows, {2, 3})


def told_groups(found: Autopsy) -> Told | None:
    """Who got what of what it created."""
    table = found.shortchanged
    if table.empty:
        return None
    columns = zip(table["group"], table["before"], table["after"], strict=True)
    rows = [[str(group).replace("_", " "), f"{before:.2f}", f"{after:.2f}"] for group, before, after in columns]
    caption = "What each group got per unit of value that it created (Shapley value), the worst off first"
    first, last = found.reference
    return Told(
        caption, ["group", f"months {first} to {last}", f"the year from month {found.short_from:.0f}"], rows, {1, 2}
    )
