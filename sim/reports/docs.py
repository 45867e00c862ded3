"""The pages in docs/: what is written by hand stands in templates, what the code says is read out of it, so that no page goes stale."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sim.core import bundled
from sim.core.errors import Mistake
from sim.core.state import SERIES
from sim.core.storage import make_folder, write_text
from sim.data.files import CHOICES, TIE_TRAITS, TRAITS
from sim.data.importing.headings import OF_FIRMS, OF_TIES, ROLES
from sim.experiments.counterfactuals.ablation import WITHOUT
from sim.experiments.design.parts import Claim, Cluster, CommonLuck, Effects, Keep, Race, Replicates
from sim.experiments.design.spaces import Range, Space
from sim.experiments.design.study import Study
from sim.experiments.runner.jobs import job as written
from sim.experiments.validation import CASES
from sim.mechanisms.base import Part, mechanisms
from sim.mechanisms.ideas import PRINCIPLES, Principle
from sim.mechanisms.registry import IDEAS, Idea
from sim.mechanisms.strategies import BUILT_IN
from sim.metrics import MEASURES
from sim.metrics.catalogue import table as catalogue
from sim.reports import model_reference as odd
from sim.reports.effects import claims_table, effects_table, tally
from sim.reports.markdown import code, codes, slug, table, toml
from sim.reports.model_reference import default, differences, keys, meaning
from sim.reports.passport_page import cases_table
from sim.reports.prose import describe
from sim.reports.prose.page import design_sentences
from sim.scenario import Scenario
from sim.scenario.designs import Design
from sim.scenario.events import AnyIntervention

TEMPLATES = Path(__file__).with_name("pages")
STUDY_PARTS: dict[str, type[Part]] = {
    "": Study,
    "space.": Space,
    "replicates.": Replicates,
    "replicates.race.": Race,
    "common_luck.": CommonLuck,
    "keep.": Keep,
    "effects.": Effects,
    "effects.claims.": Claim,
}
"""The tables of a study file."""
LOOK = ("value", "welfare", "mean_contribution", "trust", "final_firms", "collapsed")
"""What is worth a look in every ecosystem."""
MONTHS_TO = ("months_to_distrust", "months_to_withdrawal", "months_to_value_loss", "months_to_exodus")
DATED_LOOK = ("orchestrator_income", *MONTHS_TO, "robustness")
"""And where something happens at a date."""
CLUSTER = """[cluster]
kind = "slurm"
workers = 16                # jobs
cores = 4                   # runs at once in each
memory = "4GB"
walltime = "02:00:00"
queue = "short"
prologue = ["source /shared/venv/bin/activate", "export RISINGTIDE_CACHE=/shared/cache"]
"""
"""The machines that a study asks for, as the pages show them."""
SPELT_IN = {"slurm": "bash", "kubernetes": "yaml"}
"""The language of each job."""
NOTHING = "Nothing: these are the defaults."
KINDS = {
    "measure": "Measures of a run",
    "series": "Series, a row a month",
    "firm": "Columns of firms",
    "tie": "Columns of ties i → j",
}


def all_ideas() -> list[Idea]:
    """Every idea of the practice, in the order in which their first levers stand in a scenario."""
    place = {key: number for number, key in enumerate(keys())}
    return sorted(
        IDEAS,
        key=lambda idea: min(
            place[key] for key in place if key == idea.levers[0] or key.startswith(f"{idea.levers[0]}.")
        ),
    )


def pages() -> dict[str, str]:
    """Every page: its path below docs/, and its text."""
    made = {path.name: fill(path.name) for path in sorted(TEMPLATES.glob("*.md"))}
    made |= {f"archetypes/{name}.md": archetype_page(name) for name in bundled.scenarios()}
    return {path: text.strip() + "\n" for path, text in made.items()}


def fill(template: str) -> str:
    """A page out of its template: each `{{ block argument }}` is replaced by what the code says."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    return re.sub(r"\{\{ (\w+) ?([\w.]*) \}\}", lambda found: BLOCKS[found[1]](*filter(None, [found[2]])), text)


def stale(folder: Path) -> list[str]:
    """The pages that are missing, not as they would be written now, or of a scenario that is not there any more."""
    return _stale(folder, pages())


def _stale(folder: Path, made: dict[str, str]) -> list[str]:
    changed = [path for path, text in made.items() if _read(folder / path) != text]
    return changed + [path for path in _archetypes(folder) if path not in made]


def write(folder: Path) -> list[str]:
    """Write every page that is stale; which those were."""
    made = pages()
    changed = _stale(folder, made)
    for path in changed:
        target = folder / path
        if path in made:
            make_folder(target.parent)
            write_text(target, made[path])
        else:
            target.unlink()
    return changed


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _archetypes(folder: Path) -> list[str]:
    return [f"archetypes/{path.name}" for path in sorted((folder / "archetypes").glob("*.md"))]


# --- scenarios and studies ------------------------------------------------------------------------------------------------


def study_files() -> dict[str, Path]:
    """Name → file of every shipped study, in whichever folder it lies."""
    return {path.stem: path for path in sorted((bundled.FOLDER / "studies").glob("**/*.toml"))}


def _content(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _prose(text: str) -> str:
    return " ".join(text.split())


def link(name: str, up: str = "..") -> str:
    """A link to a shipped scenario or study, from a page so many folders below the root."""
    path = study_files().get(name) or bundled.loadable().get(name)
    if path is None:
        raise Mistake([f"{name}: there is no shipped scenario or study of this name"])
    return f"[`{name}`]({up}/scenarios/{path.relative_to(bundled.FOLDER).as_posix()})"


def dated(scenario: Scenario) -> list[str]:
    """What happens in a scenario, and when, in words."""
    events: list[tuple[str, AnyIntervention]] = [(event.kind, event) for event in scenario.interventions]
    events += [(f"step {name}", change) for name, change in scenario.programme.dated]
    return [_dated(name, event) for name, event in sorted(events, key=lambda named: named[1].at)]


def _dated(name: str, event: AnyIntervention) -> str:
    values = {key: value for key, value in event.model_dump().items() if key not in ("at", "kind")}
    said = [code(f"{key} = {toml(value)}") for key, value in values.get("set", values).items()]
    return f"- month {event.at}, **{name}**: {', '.join(said)}"


def at_work(scenario: Scenario) -> list[Idea]:
    """The ideas whose mechanism a scenario switches on; programmes, if it has one."""
    on = {f"{key}.on" for key, mechanism in mechanisms(scenario) if mechanism.on}
    on |= {"programme.steps"} if scenario.programme.steps else set()
    return [idea for idea in all_ideas() if on.intersection(idea.levers)]


# --- the practice ---------------------------------------------------------------------------------------------------------


def told(name: str) -> str:
    """What a measure or a series means."""
    return MEASURES[name].in_short if name in MEASURES else SERIES[name][1]


def _levers(levers: Iterable[str]) -> str:
    return "\n".join(f"- {code(key)}: {meaning(key)}" for key in levers)


def overview() -> str:
    """The ideas of the practice, a row each."""
    rows = [
        (
            f"[{idea.title}](#{slug(idea.title)})",
            ", ".join(idea.phases),
            code(idea.levers[0]),
            link(idea.study),
            tally(idea.study),
        )
        for idea in all_ideas()
    ]
    return table(("Idea", "Phase", "Main lever", "Experiment", "Effect"), rows)


def ideas() -> str:
    """Each idea of the practice: mechanism, formula and source, experiment, levers."""
    first = {idea.study: idea for idea in reversed(all_ideas())}
    return "\n\n".join(_idea(idea, first[idea.study]) for idea in all_ideas())


def _idea(idea: Idea, first: Idea) -> str:
    """An idea; the effects of a study stand with the first idea that it is the experiment of."""
    study = _content(study_files()[idea.study])
    parts = [
        f"## {idea.title}",
        idea.mechanism,
        f"*Source:* {idea.source}. *Phases:* {', '.join(idea.phases)}. *Shows in:* {codes(idea.shows)}.",
        f"*Experiment:* {link(idea.study)}. {study['title']}{_expected(study)}",
        _found(idea.study) if idea is first else f"Effects: see [{first.title}](#{slug(first.title)}).",
        "*Levers:*",
        _levers(idea.levers),
    ]
    return "\n\n".join(filter(None, parts))


def _found(study: str) -> str:
    """What came of an experiment: its claims, and all its effects."""
    return "\n\n".join(filter(None, (claims_table(study), effects_table(study))))


def _expected(study: dict[str, Any]) -> str:
    expect = study.get("effects", {}).get("expect", "")
    return f" Expected: {_prose(expect)}" if expect else ""


def principles() -> str:
    """The principles of partnership: what each is in the model."""
    return "\n\n".join(_principle(number, principle) for number, principle in enumerate(PRINCIPLES, 1))


def _principle(number: int, principle: Principle) -> str:
    begin = f"tide {'sweep' if principle.example in study_files() else 'run'} {principle.example}"
    return "\n\n".join(
        [
            f"## {number}. {principle.title}",
            principle.meaning,
            _levers(principle.levers),
            f"*Shows in:* {codes(principle.shows)}. *Begin with:* {code(begin)} ({link(principle.example)}).",
        ]
    )


# --- structures -----------------------------------------------------------------------------------------------------------


def side_by_side() -> str:
    """The shipped scenarios, a row each."""
    header = ("Structure", "Firms", "Network", "Commons", "Take", "Shared by", "Mechanisms switched on")
    return table(header, [_row(name, Scenario.load(name)) for name in bundled.scenarios()])


def _row(name: str, scenario: Scenario) -> tuple[str, ...]:
    return (
        f"[{scenario.title}](archetypes/{name}.md)",
        str(scenario.founding.firms),
        code(scenario.founding.ties or scenario.founding.topology),
        f"{scenario.exchange.commons:.0%}",
        f"{scenario.sharing.take_rate:.0%}",
        ", ".join(f"{rule} {weight:.0%}" for rule, weight in scenario.sharing.mix if weight > 0),
        ", ".join(key.rpartition(".")[2] for key, one in mechanisms(scenario) if one.on) or "–",
    )


def structures() -> str:
    """What each shipped scenario says otherwise than the defaults."""
    return "\n\n".join(_structure(name, Scenario.load(name)) for name in bundled.scenarios())


def _structure(name: str, scenario: Scenario) -> str:
    lines = [
        f"- **{section}**: {', '.join(code(f'{key} = {toml(value)}') for key, value in inside)}"
        for section, inside in _by_section(differences(scenario))
    ]
    return "\n\n".join(
        [
            f"## {scenario.title}",
            f"{_prose(scenario.description)} ([page](archetypes/{name}.md), [file](../scenarios/{name}.toml))",
            "\n".join([*lines, *dated(scenario)]) or "Nothing: these are the defaults.",
        ]
    )


def _by_section(found: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    for section in dict.fromkeys(key.partition(".")[0] for key in found):
        yield section, [(key.partition(".")[2], value) for key, value in found.items() if key.startswith(f"{section}.")]


def archetype_page(name: str) -> str:
    """A shipped scenario: what it stands for, what differs, how to run it, what to look at."""
    scenario = Scenario.load(name)
    found = differences(scenario)
    rows = [(code(key), code(toml(value)), code(toml(default(key))), meaning(key)) for key, value in found.items()]
    working = at_work(scenario)
    names = dict.fromkeys(
        [*LOOK, *(DATED_LOOK if scenario.events else ()), *(one for idea in working for one in idea.shows)]
    )
    studies = [stem for stem, path in study_files().items() if _content(path).get("scenario") == name]
    event_lines = dated(scenario)
    where = f"The scenario file is [`scenarios/{name}.toml`](../../scenarios/{name}.toml)"
    parts = [
        f"# {scenario.title}",
        _prose(scenario.description),
        f"{where}; [structures](../structures.md) has all of them side by side.",
        "## Run it",
        f"```sh\ntide run {name}\ntide roi {name}          # what each rule at work costs and brings\n```",
        "## What differs from the defaults",
        table(("Key", "Here", "Default", "Meaning"), rows)
        if rows
        else "No value: what differs is dated."
        if event_lines
        else NOTHING,
    ]
    if event_lines:
        parts += ["## What happens when", "\n".join(event_lines)]
    if working:
        ideas_page = "../mechanisms.md#"
        listed = "\n".join(f"- [{idea.title}]({ideas_page}{slug(idea.title)}): {idea.mechanism}" for idea in working)
        parts += ["## Mechanisms at work", listed]
    parts += ["## What to look at", "\n".join(f"- {code(one)}: {told(one)}" for one in names)]
    if studies:
        parts += ["## Studies that begin here", "\n".join(f"- {_study_line(stem)}" for stem in studies)]
    return "\n\n".join(parts)


def _study_line(stem: str) -> str:
    return f"{link(stem, '../..')}: {_content(study_files()[stem])['title']}"


def numbers() -> str:
    """All that a run reports, a table a kind."""
    return "\n\n".join(f"## {heading}\n\n{_numbers(kind)}" for kind, heading in KINDS.items())


def _numbers(kind: str) -> str:
    rows = [row for row in catalogue() if row.kind == kind]
    header = ("Name", "Unit", "Meaning", *(["Source"] if any(row.source != "definition" for row in rows) else []))
    return table(header, [(code(row.name), row.unit, row.meaning, row.source)[: len(header)] for row in rows])


def strategies() -> str:
    """The built-in strategies: name, first action, and the four chances."""
    rows = []
    for name, strategy in BUILT_IN.items():
        first, after = f"{strategy.first:.3g}", ", ".join(f"{chance:.3g}" for chance in strategy.after)
        if strategy.row:
            first, after = str(2 - strategy.row), "always"
        if strategy.mixed:
            first = after = "its contribution"
        rows.append((code(name), first, after, "yes" if strategy.punish else ""))
    return table(("Strategy", "First", "After", "Punishes"), rows)


def cluster_shown() -> str:
    """The machines that a study asks for, as it says so."""
    return f"```toml\n{CLUSTER}```"


def job(system: str) -> str:
    """The job for a batch system that `tide jobs` prints for these machines; what a container has already is not activated in it."""
    asked = Cluster(**tomllib.loads(CLUSTER)["cluster"])
    if system == "kubernetes":
        asked = asked.model_copy(update={"prologue": []})
    return f"```{SPELT_IN[system]}\n{written(system, asked, 'results/mine')}```"


def claims() -> str:
    """The shipped claims: what is said, on what it is judged, and along what it may flip."""
    from sim.experiments.claims.hypotheses import hypotheses

    rows = [
        (
            f"[`{each.name}`](../scenarios/claims/{each.name}.toml)",
            each.says,
            f"{code(each.measure)} {each.direction}",
            code(each.moderator.key),
        )
        for each in hypotheses()
    ]
    return table(("Name", "Claim", "Judged on", "May depend on"), rows)


def claim_file(name: str) -> str:
    """The file of a shipped claim, as it stands."""
    return f"```toml\n{bundled.claims()[name].read_text(encoding='utf-8').strip()}\n```"


def designs() -> str:
    """The shipped designs: name, what they are for, and what they set in sentences."""
    rows = []
    for name, path in bundled.designs().items():
        design = Design.load(name)
        file = f"[`{name}`](../scenarios/{path.relative_to(bundled.FOLDER).as_posix()})"
        rows.append((file, f"**{design.title}.** {_prose(design.description)}", " ".join(design_sentences(design))))
    return table(("Design", "Why", "What it sets"), rows)


def columns() -> str:
    """What columns `tide import` knows, and what else they may be called."""
    rows = [
        (code(name), what, ", ".join(word for word in words if word != name) or "–", _bounds(name))
        for what, known in (("firms", OF_FIRMS), ("ties", OF_TIES))
        for name, words in known.items()
    ]
    return table(("Column", "Of", "May also be called", "Holds"), rows)


def _bounds(name: str) -> str:
    if name in CHOICES:
        return ", ".join(CHOICES[name])
    if name in ("start", "end"):
        return "a date; checked, but no mechanism goes by it"
    numbers = {"size": "a number above 0; divided by its mean", "weight": "a number from 0; divided by its mean"}
    return numbers.get(name) or str((TRAITS | TIE_TRAITS).get(name, "a name"))


def roles() -> str:
    """What roles may be called."""
    return table(("Role", "May also be called"), [(code(name), words) for name, words in ROLES.items()])


def described(name: str) -> str:
    """A shipped scenario in sentences."""
    return "\n".join(
        line for topic in describe(Scenario.load(name)) for line in (f"\n**{topic.title}.** " + " ".join(topic.lines),)
    ).strip()


def classics() -> str:
    """The shipped classics: name, title, what they are about."""
    rows = []
    for name, path in bundled.classics().items():
        content = _content(path)
        rows.append(f"- {link(name)}: **{content['title']}.** {_prose(content['description'])}")
    return "\n".join(rows)


def cases() -> str:
    """The cases of the validation."""
    return cases_table(list(CASES.values()))


def study_parts() -> str:
    """Every key of a study file, with its meaning."""
    rows: list[tuple[str, str, str]] = []
    for prefix, part in STUDY_PARTS.items():
        for name, field in part.model_fields.items():
            if prefix + name not in STUDY_PARTS and f"{prefix}{name}." not in STUDY_PARTS and field.description:
                plain = field.default if isinstance(field.default, int | str) and field.default != "" else None
                rows.append((code(prefix + name), "" if plain is None else code(toml(plain)), field.description))
    return table(("Key", "Default", "Meaning"), rows)


def cluster() -> str:
    """Every key of a study's cluster, with its meaning."""
    rows = [
        (code(f"cluster.{name}"), code(toml(field.get_default(call_default_factory=True))), field.description or "")
        for name, field in Cluster.model_fields.items()
    ]
    return table(("Key", "Default", "Meaning"), rows)


def lesson_keys(part: str = "") -> str:
    """Every key of a lesson, or of one of its tables, with its meaning: out of the schema beside the shipped lessons."""
    schema = json.loads((bundled.FOLDER / "lessons" / "schema.json").read_text(encoding="utf-8"))
    about = schema["$defs"][part] if part else schema
    needed = about.get("required", [])
    rows = [
        (code(name), _holds(each), "must be said" if name in needed else _otherwise(each), each.get("description", ""))
        for name, each in about["properties"].items()
    ]
    return table(("Key", "Holds", "Default", "Meaning"), rows)


def _holds(about: dict[str, Any]) -> str:
    """What a key holds, as its schema has it, in words."""
    if "enum" in about:
        return ", ".join(code(toml(word)) for word in about["enum"])
    if options := about.get("anyOf"):
        return " or ".join(_holds(option) for option in options if option.get("type") != "null")
    if reference := about.get("$ref"):
        return f"a table: {reference.rpartition('/')[2]}"
    if about.get("type") == "array":
        inside = about["items"].get("$ref", "").rpartition("/")[2]
        return f"tables: {inside}" if inside else "a list"
    words = {"integer": "a whole number", "number": "a number", "string": "a text", "object": "a table"}
    low, high = about.get("minimum"), about.get("maximum")
    bounds = [f"from {low}"] * (low is not None) + [f"to {high}"] * (high is not None)
    return " ".join([words.get(about.get("type", ""), "any value"), *bounds])


def _otherwise(about: dict[str, Any]) -> str:
    """What holds where a key is not said."""
    found = about.get("default")
    return code(toml(found)) if isinstance(found, str | int) and found != "" else ""


def rules_without() -> str:
    """The rules whose return is told, and the value that means doing without each."""
    rows = [(code(key), code(toml(value)), meaning(key)) for key, value in WITHOUT.items()]
    return table(("Rule", "Without", "Meaning of the rule"), rows)


def ranges() -> str:
    """What a range may say."""
    rows = [(code(name), field.description or "") for name, field in Range.model_fields.items()]
    return table(("Of a range", "Meaning"), rows)


BLOCKS: dict[str, Callable[..., str]] = odd.BLOCKS | {
    block.__name__: block
    for block in (
        overview,
        ideas,
        principles,
        side_by_side,
        structures,
        numbers,
        strategies,
        classics,
        cases,
        study_parts,
        ranges,
        cluster,
        cluster_shown,
        job,
        rules_without,
        lesson_keys,
        claims,
        claim_file,
        designs,
        columns,
        roles,
        described,
    )
}
"""What a template may ask for."""
