"""What a scenario or a study says in vain is refused where it must be a mistake, and told where it may be meant."""

from pathlib import Path

import pytest

from sim import Mistake, Scenario, Study, cli
from sim.core import bundled
from sim.experiments.checking import check_file
from sim.mechanisms.base import mechanisms
from sim.model.simulation import Simulation
from sim.scenario.checks.idle import ALSO, ELSEWHERE

MECHANISMS = [key for key, _mechanism in mechanisms(Scenario())]
STUDY = 'scenario = "rising_tide"\n[replicates]\ncount = 2\n'


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file into the folder we stand in; its name."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="s.toml"):
        Path(name).write_text(text, encoding="utf-8")
        return name

    return write


def tide(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        cli.main(list(words))
    return stop.value.code, *capsys.readouterr()


@pytest.mark.parametrize("key", MECHANISMS)
def test_a_mechanism_needs_its_phase(key):
    phase = key.partition(".")[0]
    with pytest.raises(Mistake, match=f"{key}.on: true, but {phase}.on is false"):
        Scenario.load("rising_tide").replace({f"{key}.on": True, f"{phase}.on": False})


@pytest.mark.parametrize(("key", "phase"), ALSO.items())
def test_a_mechanism_that_works_elsewhere_needs_that_phase_too(key, phase):
    with pytest.raises(Mistake, match=f"{key}.on: true, but {phase}.on is false"):
        Scenario.load("rising_tide").replace({f"{key}.on": True, f"{phase}.on": False})


def test_a_step_cannot_switch_off_the_phase_of_a_mechanism():
    step = {"kind": "rules", "at": 5, "set": {"governance.on": False}}
    with pytest.raises(Mistake, match=r"from month 5 on, governance.disputes.on: true, but governance.on is false"):
        Scenario.load("rising_tide").replace({"governance.disputes.on": True, "interventions": [step]})


def test_levers_of_what_is_off_are_told_with_their_line(write):
    where = write('title = "A"\n[governance.certification]\nrequired = true\n[voice]\non = false\nfeedback = 0.5\n')
    assert check_file(where) == [
        "s.toml:3: governance.certification.required has no effect: governance.certification.on is false",
        "s.toml:6: voice.feedback has no effect: voice.on is false",
    ]


OTHER_VALUE = {
    "exchange.commons": 0.9,
    "governance.norm": 0.9,
    "governance.transparency": 0.9,
    "partnering.max_partners": 6,
    "partnering.upkeep": 0.9,
}


@pytest.mark.parametrize("key", sorted(ELSEWHERE))
def test_a_lever_that_other_phases_go_by_works_while_its_own_is_off_and_is_not_told(key):
    base = Scenario.load("rising_tide").replace(
        {"run.steps": 60, f"{key.partition('.')[0]}.on": False, "voice.decider": "vote"}
    )
    other = base.replace({key: OTHER_VALUE[key]})
    assert not any(key in remark for remark in other.remarks())
    as_it_is, changed = (Simulation(scenario).advance().history for scenario in (base, other))
    assert any((as_it_is[name] != changed[name]).any() for name in as_it_is.dtype.names)


def test_so_are_those_of_events_and_steps_unless_something_switches_it_on():
    steps = {"watch": {"governance.ratings.noise": 0.3}}
    alone = Scenario(programme={"steps": steps})
    assert alone.remarks() == ["governance.ratings.noise has no effect: governance.ratings.on is false"]
    switched = Scenario(programme={"steps": {"rate": {"governance.ratings.on": True}, **steps}})
    assert switched.remarks() == []
    event = {"kind": "rules", "at": 3, "set": {"membership.mutual_aid.levy": 0.5}}
    assert "membership.mutual_aid.on is false" in Scenario(interventions=[event]).remarks()[0]


def test_a_default_that_is_written_down_is_no_lever(tmp_path):
    Scenario(title="All").save(tmp_path / "all.toml", full=True)
    assert check_file(str(tmp_path / "all.toml")) == []


@pytest.mark.parametrize(
    "where", [*bundled.scenarios().values(), *bundled.studies().values()], ids=lambda path: path.stem
)
def test_nothing_that_ships_is_said_in_vain(where):
    wealth = ["data/florentine/firms.csv: the column 'wealth' is not used"]  # what the endowments are made of
    assert check_file(str(where)) == (wealth if where.stem.startswith("florentine") else [])


def test_a_factor_without_effect_in_any_design_is_refused(write):
    where = write(STUDY + '[factors]\n"membership.mutual_aid.levy" = [0.01, 0.1]\n')
    with pytest.raises(
        Mistake, match=r"s.toml:5: .*levy: has no effect in any design: membership.mutual_aid.on is false"
    ):
        Study.load(where)
    half = write(
        STUDY + '[factors]\n"membership.mutual_aid.on" = [false, true]\n"membership.mutual_aid.levy" = [0.01, 0.1]\n'
    )
    assert Study.load(half).remarks() == []


def test_treatments_that_say_something_in_vain_are_told(write):
    levy = '"membership.mutual_aid.levy" = 0.1\n'
    where = write(STUDY + f'[treatments.none]\n{levy}[treatments.aid]\n"membership.mutual_aid.on" = true\n{levy}')
    said = "treatments.none: membership.mutual_aid.levy has no effect: membership.mutual_aid.on is false"
    assert Study.load(where).remarks() == check_file(where) == [said]


def test_columns_that_mean_nothing_are_told_with_the_nearest_that_does(write, capsys):
    write("name,role,powr,colour\nA,orchestrator,1,red\nB,supplier,2,blue\n", "firms.csv")
    write("source,target,wieght\nA,B,2\n", "ties.csv")
    where = write('title = "A"\n[founding]\nfirms = "firms.csv"\nties = "ties.csv"\n')
    code, out, err = tide(capsys, "check", where)
    assert (code, out) == (0, "s.toml: ok\n")
    told = err.splitlines()
    assert told[0] == "note: firms.csv: the column 'powr' is not used; did you mean 'power'?"
    assert told[1] == "note: firms.csv: the column 'colour' is not used"
    assert told[2] == "note: ties.csv: the column 'wieght' is not used; did you mean 'weight'?"


def test_a_column_of_strategies_is_used_where_strategies_are_played(write, capsys):
    write("name,strategy,stratgey\nA,cooperate,x\nB,defect,y\n", "firms.csv")
    write("source,target\nA,B\n", "ties.csv")
    network = '[founding]\nfirms = "firms.csv"\nties = "ties.csv"\n'
    game = 'strategies = { cooperate = 0.5, defect = 0.5 }\n[exchange]\nrule = "strategies"\n[value]\nform = "matrix"\n'
    only = 'title = "A"\nonly = ["contribution", "exchange", "value"]\n'
    typo = "note: firms.csv: the column 'stratgey' is not used"
    code, _out, err = tide(capsys, "check", write(only + network + game))
    assert (code, err) == (0, f"{typo}; did you mean 'strategy'?\n")
    code, _out, err = tide(capsys, "check", write('title = "A"\n' + network + "[sharing]\ntake_rate = 0\n"))
    assert code == 0 and err.splitlines()[:2] == [
        "note: firms.csv: the column 'strategy' is not used; founding.strategies names none",
        typo,
    ]


def test_a_run_tells_it_too(write, capsys):
    where = write('title = "A"\n[founding]\nfirms = 20\n[run]\nsteps = 3\n')
    _code, _out, err = tide(capsys, "run", where, "--no-figure", "--set", "customers.base.churn=0.5")
    assert "note: customers.base.churn has no effect: customers.base.on is false" in err
