"""The user's own network: what files of firms and of ties may say, and what is told when they say it wrongly."""

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.core.errors import Mistake
from sim.data.files import read_firms, read_ties
from sim.model.simulation import Simulation
from sim.scenario import Scenario

SCENARIOS = Path(__file__).parent.parent / "scenarios"
FLORENCE = SCENARIOS / "data" / "florentine"
NAMES = ("Ann", "Bob", "Cid", "Dee")


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file into the folder we stand in; its name."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="f.csv"):
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return write


def told(read, *arguments):
    """The lines of the mistake that reading raises."""
    with pytest.raises(Mistake) as caught:
        read(*arguments)
    return caught.value.lines


def test_names_alone_are_a_file_of_firms(write):
    firms = read_firms(write("name\nAnn\nBob\n"))
    assert firms.names == ("Ann", "Bob") and firms.count == 2
    assert firms.columns == {} and firms.unused == {}


def test_every_trait_can_be_given(write):
    header = "name,role,type,endowment,power,reliability,envy,guilt,aspiration,slope,goal,contribution,reserves"
    firms = read_firms(write(f"{header}\nAnn,Supplier,hump,2,3,.9,.5,.3,-1.1,.75,3.1,.5,6\n"))
    assert list(firms.columns) == header.split(",")[1:]
    assert [values[0] for values in firms.columns.values()] == [
        "supplier",
        "hump",
        2,
        3,
        0.9,
        0.5,
        0.3,
        -1.1,
        0.75,
        3.1,
        0.5,
        6,
    ]


def test_an_empty_cell_of_a_trait_says_nothing(write):
    firms = read_firms(write("name,role,power\nAnn,,2\nBob,channel,\n"))
    assert firms.columns == {"role": [None, "channel"], "power": [2.0, None]}


def test_other_columns_are_kept_aside(write):
    firms = read_firms(write("name,colour,power,Size\nAnn,red,1,big\nBob,blue,2,small\n"))
    assert firms.unused == {"colour": ("red", "blue"), "Size": ("big", "small")}
    assert list(firms.columns) == ["power"]


@pytest.mark.parametrize(
    "text",
    [
        "name;power\nÉmile;1.5\n",
        "name\tpower\nÉmile\t1.5\n",
        "\ufeffname,power\nÉmile,1.5\n",
        "name,power\r\n\r\n  Émile , 1.5 \r\n,\r\n",
        "name,power\rÉmile,1.5",
        'Name,POWER\n"Émile","1.5"',
    ],
    ids=["semicolons", "tabs", "byte order mark", "blanks", "old line ends", "capitals and quotation marks"],
)
def test_spreadsheets_write_csv_in_many_ways(write, text):
    firms = read_firms(write(text))
    assert firms.names == ("Émile",) and firms.columns == {"power": [1.5]}


def test_a_name_may_hold_a_comma(write):
    assert read_firms(write('name\n"Bardi, Sons"\n')).names == ("Bardi, Sons",)


def test_ties_are_pairs_of_places_in_order(write):
    ties = read_ties(write("source,target,weight,trust\nDee,Ann,2,0.5\nAnn,Cid,,\nBob,Ann,0,0.9\n"), NAMES)
    assert ties.pairs.tolist() == [[0, 1], [0, 2], [0, 3]] and ties.pairs.dtype == np.int32
    assert ties.weight.tolist() == [0, 1, 2]
    assert ties.trust[[0, 2]].tolist() == [0.9, 0.5] and math.isnan(ties.trust[1])


def test_a_header_alone_is_a_network_without_ties(write):
    ties = read_ties(write("source,target\n"), NAMES)
    assert ties.pairs.shape == (0, 2) and ties.weight.size == ties.trust.size == 0


def test_a_tie_told_alike_from_both_ends_is_one_tie(write):
    assert len(read_ties(write("source,target,weight\nAnn,Bob,2\nBob,Ann,2.0\n"), NAMES).pairs) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "f.csv: the file is empty; a header with the names of the columns is expected"),
        (b" \n\n", "f.csv: the file is empty; a header with the names of the columns is expected"),
        (b",,\n", "f.csv: the file is empty; a header with the names of the columns is expected"),
        (b"name\n", "f.csv: there are no firms; below the header, a line a firm is expected"),
        (b"name\nAnn\nJ\xf6rg\n", "f.csv:3: this is not UTF-8 text; save the file as CSV in UTF-8"),
        ("name\nAnn".encode("utf-16"), "f.csv:1: this is not UTF-8 text; save the file as CSV in UTF-8"),
        (b"nane,power\nAnn,1\n", "f.csv:1: the column name is missing; there is 'nane', 'power'; did you mean nane?"),
        (b"name,,power\nAnn,,1\n", "f.csv:1: column 2 has no name; give it one, or take it out"),
        (b"name,power,Power\nAnn,1,1\n", "f.csv:1: the column 'power' is there 2 times; once is allowed"),
        (b"name,power\nAnn,1\nBob\n", "f.csv:3: 1 cell; the header has 2 columns"),
        (b"name,power\nAnn,1,2\n", "f.csv:2: 3 cells; the header has 2 columns"),
        (b"name,power\n,1\n", "f.csv:2: name: the cell is empty; every firm needs a name"),
        (b"name\nAnn\nBob\nAnn\n", "f.csv:4: name: 'Ann' is taken by line 2; every firm needs a name of its own"),
        (b"name,power\nAnn,big\n", "f.csv:2: power: 'big' is not a number; allowed is a number above 0 to 1000000"),
        (b"name,power\nAnn,0\n", "f.csv:2: power: '0' is out of bounds; allowed is a number above 0 to 1000000"),
        (b"name,guilt\nAnn,-.1\n", "f.csv:2: guilt: '-.1' is out of bounds; allowed is a number from 0 to 1"),
        (b"name,envy\nAnn,nan\n", "f.csv:2: envy: 'nan' is not a number; allowed is a number from 0 to 100"),
        (b"name,envy\nAnn,inf\n", "f.csv:2: envy: 'inf' is out of bounds; allowed is a number from 0 to 100"),
        (b"name,envy\nAnn,1_0\n", "f.csv:2: envy: '1_0' is not a number; allowed is a number from 0 to 100"),
        (
            b"name;guilt\nAnn;0,5\n",
            "f.csv:2: guilt: '0,5' is not a number; allowed is a number from 0 to 1; did you mean 0.5?",
        ),
        (
            b"name,type\nAnn,free rider\n",
            (
                "f.csv:2: type: 'free rider' is not a type; allowed is conditional, free_rider, hump, unconditional; "
                "did you mean free_rider?"
            ),
        ),
    ],
)
def test_a_wrong_file_of_firms_is_told_by_line_and_column(write, text, expected):
    assert told(read_firms, write(text)) == [expected]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("Ann,Bop,", ["target: there is no firm 'Bop'; allowed are the names in the file of firms; did you mean Bob?"]),
        ("ANN,Bob,", ["source: there is no firm 'ANN'; allowed are the names in the file of firms; did you mean Ann?"]),
        ("Ann,,", ["target: the cell is empty; the name of a firm is expected"]),
        ("Ann,Ann,", ["target: 'Ann' is tied to itself; a tie joins two firms"]),
        ("Ann,Bob,1", ["trust: '1' is out of bounds; allowed is a number above 0 and below 1"]),
    ],
)
def test_a_wrong_tie_is_told_by_line_and_column(write, rows, expected):
    assert told(read_ties, write(f"source,target,trust\n{rows}\n"), NAMES) == [f"f.csv:2: {line}" for line in expected]


def test_a_tie_told_twice_is_a_mistake(write):
    lines = told(read_ties, write("source,target,weight\nAnn,Bob,1\nAnn,Bob,1\nBob,Ann,2\n"), NAMES)
    assert lines == [
        "f.csv:3: source: the tie of 'Ann' and 'Bob' is in line 2 already",
        "f.csv:4: source: the tie of 'Bob' and 'Ann' says otherwise than line 2; a tie has one weight and one trust",
    ]


def test_lines_are_counted_as_an_editor_counts_them(write):
    """Blank lines and cells of two lines count."""
    assert told(read_firms, write('name,power\n\n"Ann\nand Bob",1\nCid,x\n'))[0].startswith("f.csv:5: power:")


def test_an_open_quotation_mark_is_told_where_it_opens(write):
    (line,) = told(read_firms, write('name,power\nAnn,1\n"Bob,1\nCid,1\n'))
    assert line.startswith("f.csv:3: the row cannot be read (") and line.endswith("look at its quotation marks")


def test_a_file_that_is_not_there_is_told_with_its_neighbour(write):
    write("name\nAnn\n", "firms.csv")
    assert told(read_firms, "firm.csv") == ["firm.csv: there is no such file; did you mean firms.csv?"]
    assert told(read_firms, "nowhere/x.csv") == ["nowhere/x.csv: there is no such file"]


def test_a_folder_is_not_a_file(tmp_path):
    assert told(read_firms, tmp_path) == [f"{tmp_path}: this is a folder; the name of a CSV file is expected"]


def test_a_name_no_file_can_have_is_told_plainly():
    assert told(read_firms, "a\0b.csv")[0].startswith("a\0b.csv: ")


def test_all_mistakes_are_told_at_once_in_the_order_of_lines(write):
    lines = told(read_firms, write("name,role,power\nAnn,boss,0\n,supplier,1\nBob,1\nAnn,channel,x\n"))
    assert [line.split(":")[1:3] for line in lines] == [
        ["2", " role"],
        ["2", " power"],
        ["3", " name"],
        ["4", " 2 cells; the header has 3 columns"],
        ["5", " name"],
        ["5", " power"],
    ]


def test_many_mistakes_of_a_kind_are_told_as_one(write):
    lines = told(read_firms, write("name,power\n" + "".join(f"F{k},x\n" for k in range(50))))
    assert lines == [
        "f.csv: lines 2, 3, 4 and 47 more: power: 'x' is not a number; allowed is a number above 0 to 1000000"
    ]


@settings(max_examples=300, deadline=None)
@given(data=st.one_of(st.binary(max_size=80), st.text(alphabet='name,;\t"\n\r\0x1.é', max_size=60).map(str.encode)))
def test_whatever_stands_in_a_file_it_is_read_or_told(tmp_path_factory, data):
    """Nothing but a Mistake is ever raised."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    for head, read in (
        (b"", read_firms),
        (b"name,power\n", read_firms),
        (b"source,target,weight\n", lambda p: read_ties(p, NAMES)),
    ):
        path.write_bytes(head + data)
        told = []
        try:
            read(path)
        except Mistake as mistake:
            told = mistake.lines
        assert all(line.startswith(str(path)) for line in told)


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_read_and_their_first_mistakes_told(write):
    names = tuple(f"Firm {k}" for k in range(100_000))
    firms = write("name,role,power,envy\n" + "".join(f"{name},supplier,1.5,.5\n" for name in names), "firms.csv")
    rows = [f"{names[k]},{names[k * 7 % 100_000 - 1]},1" for k in range(100_000)]
    ties = write("source,target,weight\n" + "\n".join(rows), "ties.csv")
    wrong = write("source,target,weight\n" + "\n".join(row.replace("Firm", "Frm") for row in rows), "wrong.csv")
    assert read_firms(firms).names == names
    assert len(read_ties(ties, names).pairs) > 99_000
    source, target = told(read_ties, wrong, names)
    assert source.startswith("wrong.csv: lines 2, 3, 4 and 99,997 more: source: there is no firm 'Frm 0'")
    assert target.startswith("wrong.csv: lines 2, 3, 4 and 99,997 more: target: there is no firm 'Frm 99999'")


def test_florence_has_sixteen_families_and_fifteen_business_ties():
    """Padgett & Ansell 1993: the Medici have the most ties, the Strozzi the most money, five families no tie at all."""
    firms = read_firms(FLORENCE / "firms.csv")
    ties = read_ties(FLORENCE / "ties.csv", firms.names)
    degree = np.bincount(ties.pairs.ravel(), minlength=firms.count)
    endowment, wealth = np.array(firms.columns["endowment"]), np.array(firms.unused["wealth"], float)
    assert (firms.count, len(ties.pairs), np.sum(degree == 0)) == (16, 15, 5)
    assert firms.names[degree.argmax()] == "Medici" and firms.columns["role"][degree.argmax()] == "orchestrator"
    assert firms.names[endowment.argmax()] == "Strozzi"
    assert endowment == pytest.approx(wealth / wealth.mean(), abs=5e-5)


def test_the_florentine_scenario_names_these_files():
    text = (SCENARIOS / "florentine.toml").read_text(encoding="utf-8")
    assert text.startswith("#:schema ./schema.json\n")
    scenario = Scenario.model_validate(tomllib.loads(text))
    assert SCENARIOS / str(scenario.founding.firms) == FLORENCE / "firms.csv"
    assert SCENARIOS / str(scenario.founding.ties) == FLORENCE / "ties.csv"
    assert scenario.membership.market_potential >= 16


def test_the_three_levels_of_trust_may_differ(write):
    """A level that is left out is as trust says; where that is left out too, the scenario's founding trust holds."""
    write("name\nAnn\nBob\nCid\n", "firms.csv")
    ties = "source,target,trust,operational,strategic\nAnn,Bob,0.5,0.8,0.3\nBob,Cid,,0.9,\nAnn,Cid,,,\n"
    found = read_ties(write(ties, "ties.csv"), ("Ann", "Bob", "Cid"))
    assert found.levels[[0, 2]].tolist()[0] == [0.8, 0.5, 0.3] and math.isnan(found.levels[2, 1])
    founding = {"firms": "firms.csv", "ties": "ties.csv"}
    run = Simulation(Scenario(founding=founding, sharing={"take_rate": 0.0})).world
    row = run.firms.first[0]
    good, bad = run.ties.operational_good[row], run.ties.operational_bad[row]
    assert (good + 1) / (good + bad + 2) == pytest.approx(0.8)
    assert run.ties.trust[row] == pytest.approx(1 / (0.4 / 0.8 + 0.3 / 0.5 + 0.3 / 0.3))
    last = run.firms.first[2]
    assert run.ties.trust[last : last + 2] == pytest.approx([0.6, 1 / (0.4 / 0.9 + 0.6 / 0.6)], rel=1e-5)


def test_levels_that_agree_are_trust_itself(write):
    write("name\nAnn\nBob\n", "firms.csv")
    write("source,target,trust\nAnn,Bob,0.7\n", "one.csv")
    write("source,target,operational,relational,strategic\nAnn,Bob,0.7,0.7,0.7\n", "three.csv")
    made = [
        Simulation(Scenario(founding={"firms": "firms.csv", "ties": ties}, sharing={"take_rate": 0.0})).world.ties
        for ties in ("one.csv", "three.csv")
    ]
    assert made[0].trust.tolist() == made[1].trust.tolist()
