"""Partners and ties as people have them, made into a scenario that runs: read whatever it is, checked whole, written all or not at all."""

import json
import os
import tomllib
from functools import partial
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import sim
from sim.cli import main
from sim.core.errors import Mistake
from sim.data.files import read_firms, read_ties
from sim.data.importing import import_network, scale
from sim.data.importing.cells import day, decimal_mark, number
from sim.experiments.checking import check_file
from sim.reports.html import report
from sim.reports.prose import assumed
from sim.scenario import Scenario

FIRMS = "name,role,size\nAnn,orchestrator,4\nBob,channel,1\nCid,supplier,1\n"
TIES = "source,target,weight,trust\nAnn,Bob,2,0.8\nAnn,Cid,1,0.5\n"
HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd()",
    "x" * 10_000,
    "\u0634\u0631\u0643\u0629",
    '"; DROP',
    "a,b;c|d",
    "{run.steps}",
    "\\",
    "# no",
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of our own, and a writer of files in it."""
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, text in files.items():
            Path(f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())

    return write


def wrong(*sources, **options):
    """The lines that an import complains with; nothing may have been written."""
    before = sorted(Path().iterdir())
    with pytest.raises(Mistake) as caught:
        import_network(sources, "my.toml", **options)
    assert sorted(Path().iterdir()) == before
    return caught.value.lines


def made(*sources, **options):
    """The scenario, the firms and the ties that an import wrote."""
    import_network(sources, "my.toml", force=True, **options)
    firms = read_firms("my-firms.csv")
    return Scenario.load("my.toml"), firms, read_ties("my-ties.csv", firms.names)


def exit_code(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


# --- the straight way -----------------------------------------------------------------------------------------------------


def test_two_lists_become_a_scenario_that_checks_and_runs(here, capsys):
    here(firms=FIRMS, ties=TIES)
    assert exit_code("import", "firms.csv", "ties.csv", "--out", "my.toml") == 0
    assert "3 firms, 2 ties" in capsys.readouterr().out
    assert exit_code("check", "my.toml") == 0
    assert exit_code("run", "my.toml", "--no-figure", "--set", "run.steps=3") == 0
    assert capsys.readouterr().err == ""


def test_sizes_and_weights_are_around_one(here):
    here(firms=FIRMS, ties=TIES)
    _scenario, firms, ties = made("firms.csv", "ties.csv")
    assert firms.columns["endowment"] == [2.0, 0.5, 0.5]
    assert ties.weight == pytest.approx([4 / 3, 2 / 3], rel=1e-5)
    assert ties.trust.tolist() == [0.8, 0.5]


def test_the_two_lists_may_come_in_any_order(here):
    here(firms=FIRMS, ties=TIES)
    first = made("firms.csv", "ties.csv")
    assert made("ties.csv", "firms.csv")[1:][0] == first[1]


def test_ties_alone_name_their_firms_and_firms_alone_have_drawn_ties(here):
    here(firms=FIRMS, ties=TIES)
    assert made("ties.csv")[1].names == ("Ann", "Bob", "Cid")
    import_network(["firms.csv"], "alone.toml")
    scenario = Scenario.load("alone.toml")
    assert scenario.founding.ties is None and any("Who works with whom" in line for line in scenario.assumptions)
    assert check_file("alone.toml") == []


@pytest.mark.parametrize("name", ["graphml", "gexf", "gml", "adjlist", "edgelist", "net", "json"])
def test_networks_of_other_programs(here, name):
    graph = nx.relabel_nodes(nx.karate_club_graph(), str)
    bare = nx.Graph((a, b) for a, b in graph.edges)
    match name:
        case "json":
            Path("k.json").write_text(json.dumps(nx.node_link_data(graph, edges="links")))
        case "net":
            nx.write_pajek(bare, "k.net")
        case "edgelist":
            nx.write_weighted_edgelist(graph, "k.edgelist")
        case _:
            getattr(nx, f"write_{name}")(graph, f"k.{name}")
    _scenario, firms, ties = made(f"k.{name}")
    assert set(firms.names) == set(graph) and len(ties.pairs) == graph.number_of_edges()
    assert {frozenset(firms.names[i] for i in pair) for pair in ties.pairs} == {frozenset(edge) for edge in graph.edges}


def test_nodes_are_called_by_their_label_if_it_tells_them_apart(here):
    graph = nx.Graph([("n0", "n1")])
    nx.set_node_attributes(graph, {"n0": "Ann & Co", "n1": "<b>Bob</b>"}, "label")
    nx.write_graphml(graph, "k.graphml")
    assert made("k.graphml")[1].names == ("Ann & Co", "<b>Bob</b>")
    nx.set_node_attributes(graph, "same", "label")
    nx.write_graphml(graph, "k.graphml")
    assert made("k.graphml")[1].names == ("n0", "n1")


def test_what_is_wrong_in_a_network_is_told_by_edge(here):
    Path("k.gml").write_text('graph [ node [ id 0 label "A" ] edge [ source 0 target 0 ] ]')
    assert wrong("k.gml") == ["k.gml, edge 1: target: 'A' is tied to itself; a tie joins two firms"]
    Path("k.graphml").write_text("<graphml")
    assert wrong("k.graphml")[0].startswith("k.graphml: cannot be read as graphml (")


# --- as people have them --------------------------------------------------------------------------------------------------

EXCEL = "Partner Name;Partner Type;Umsatz (TEUR);;\n\nÄrger GmbH;Reseller;1.234,5;;\nSørensen;ISV;n/a;;\n"
TIES_EXCEL = "From;To;Trust;Volume;Seit\nÄrger GmbH;Sørensen;80 %;1.000,00 €;31.03.2025\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_excel_in_every_encoding(here, encoding):
    here(firms=EXCEL.encode(encoding), ties=TIES_EXCEL.replace("\n", "\r\n").encode(encoding))
    _scenario, firms, ties = made("firms.csv", "ties.csv")
    assert firms.names == ("Ärger GmbH", "Sørensen")
    assert firms.columns["role"] == ["channel", "technology"] and firms.columns["endowment"] == [1.0, None]
    assert ties.trust.tolist() == [0.8] and ties.weight.tolist() == [1.0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter(here, delimiter):
    here(firms=FIRMS.replace(",", delimiter), ties=TIES.replace(",", delimiter))
    assert made("firms.csv", "ties.csv")[1].columns["role"] == ["orchestrator", "channel", "supplier"]


def test_quoted_cells_hold_delimiters_and_lines(here):
    here(firms='name,note\n"Ann, Bob",x\n"Two\nlines",y\n', ties='source,target\n"Ann, Bob","Two\nlines"\n')
    assert made("firms.csv", "ties.csv")[1].names == ("Ann, Bob", "Two lines")


def test_lines_above_the_header_are_passed_over_and_told(here):
    here(firms="Export of 31.03.2025\n\nsome words\nCompany,Revenue\nAnn,1\nAnn,2\n")
    assert wrong("firms.csv") == ["firms.csv:6: Company: 'Ann' is taken by line 5; every firm needs a name of its own"]
    here(firms="sep=;\nCompany;Revenue\nAnn;1\nBob;3\n")
    import_network(["firms.csv"], "x.toml")
    assert read_firms("x-firms.csv").names == ("Ann", "Bob")


def test_a_column_named_type_may_be_the_role(here):
    here(firms="name,type\nAnn,Reseller\nBob,Supplier\n", ties="from,to\nAnn,Bob\n")
    assert made("firms.csv", "ties.csv")[1].columns["role"] == ["channel", "supplier"]
    here(firms="name,type\nAnn,hump\nBob,\n")
    assert made("firms.csv", "ties.csv")[1].columns["type"] == ["hump", None]


def test_a_heading_that_promises_what_its_cells_do_not_hold_is_listed_and_another_one_is_taken(here):
    here(
        firms="Company,Category,Partner Type,Influence,Size\nAnn,Gold,Reseller,high,1\nBob,Silver,ISV,low,2\n",
        ties="from,to,Value,Since\nAnn,Bob,good,always\n",
    )
    found = import_network(["firms.csv", "ties.csv"], "my.toml")
    assert read_firms("my-firms.csv").columns["role"] == ["channel", "technology"]
    assert [line.split(",")[0] for line in found.unused] == [
        "firms.csv: 'Category'",
        "firms.csv: 'Influence'",
        "ties.csv: 'Value'",
        "ties.csv: 'Since'",
    ]
    assert "which would be power, but nothing in it can be read as that" in found.unused[1]
    here(firms="name,power\nAnn,high\n")
    with pytest.raises(Mistake, match="'high' is not a number"):
        import_network(["firms.csv"], "other.toml")


def test_what_could_be_meant_otherwise_is_told(here):
    here(firms='name,size\nAnn,"1,234"\nANN,2\n', ties="from;to;weight\nAnn;ANN;1,234\n")
    found = import_network(["firms.csv", "ties.csv"], "my.toml")
    assert "firms.csv: numbers such as 1,234 are read as 1234" in found.said
    assert "ties.csv: numbers such as 1,234 are read as 1.234" in found.said
    assert "different firms, though only by capitals: 'Ann' and 'ANN'" in found.said


def test_three_levels_of_trust_and_scales(here):
    here(firms="name\nAnn\nBob\n", ties="from,to,Operational trust,Trust (strategic),relational\nAnn,Bob,5,1,3\n")
    lines = wrong("firms.csv", "ties.csv")
    assert len(lines) == 4 and lines[-1].endswith("--trust-scale 1:5")
    assert made("firms.csv", "ties.csv", trust_scale=(1, 5))[2].levels.tolist() == [[0.9, 0.5, 0.1]]
    with pytest.raises(Mistake, match="this is no scale"):
        scale("5:1")


@pytest.mark.parametrize(
    ("cell", "mark", "meant"),
    [
        ("1234", ".", "1234"),
        ("0,5", ".", "0.5"),
        ("1.234,5", ".", "1234.5"),
        ("1,234.5", ",", "1234.5"),
        ("1,234", ".", "1234"),
        ("1,234", ",", "1.234"),
        ("1.234", ".", "1.234"),
        ("1.234", ",", "1234"),
        ("1.234.567", ".", "1234567"),
        ("1 234", ".", "1234"),
        ("1'234.5", ".", "1234.5"),
        ("80 %", ".", "0.8"),
        ("€ 12", ".", "12"),
        ("12 EUR", ".", "12"),
        ("-3", ".", "-3"),
        ("many", ".", "many"),
        ("1_000", ".", "1_000"),
    ],
)
def test_numbers_as_people_write_them(cell, mark, meant):
    assert number(cell, mark) == meant


def test_the_decimal_mark_is_what_the_plain_cases_say():
    assert decimal_mark(["1,234", "0,5"], ",") == ","
    assert decimal_mark(["1,234", "0.5"], ";") == "."
    assert decimal_mark(["1,234"], ";") == "," and decimal_mark(["1,234"], ",") == "."


def test_dates_as_people_write_them():
    told = ["2025-03-31", "31.03.2025", "31/3/2025", "3/31/2025", "2025-03-31T10:00"]
    assert {day(each).isoformat() for each in told} == {"2025-03-31"}
    assert day("2025").isoformat() == "2025-01-01" and day("31.02.2025") is None and day("soon") is None


# --- what is wrong --------------------------------------------------------------------------------------------------------


def test_everything_wrong_is_told_at_once_with_its_line(here):
    here(
        firms="Company;Revenue\nAnn;1\nAnn;1\n;3\nBob;-1\nCid;x\n",
        ties="From;To;Trust;Start;End\nAnn;Ann;;;\nAnn;Bob;0,5;1.2.2020;1.1.2020\nAnn;Bob;0,6;;\nCid;Zed;2;99.1.2020;\nCid;;;;\n",
    )
    assert wrong("firms.csv", "ties.csv")[:-1] == [
        "firms.csv:3: Company: 'Ann' is taken by line 2; every firm needs a name of its own",
        "firms.csv:4: Company: the cell is empty; every firm needs a name",
        "firms.csv:5: Revenue: '-1' is out of bounds; allowed is a number above 0 to 1e+15",
        "firms.csv:6: Revenue: 'x' is not a number; allowed is a number above 0 to 1e+15",
        "ties.csv:2: To: 'Ann' is tied to itself; a tie joins two firms",
        "ties.csv:3: End: 2020-01-01 is before the start, 2020-02-01",
        "ties.csv:4: From: the tie of 'Ann' and 'Bob' is in line 3 already",
        "ties.csv:5: Start: '99.1.2020' is no date; write 2025-03-31 or 31.03.2025",
        "ties.csv:5: To: there is no firm 'Zed'; allowed are the names in the file of firms",
        "ties.csv:5: Trust: '2' is out of bounds; allowed is a number above 0 and below 1",
        "ties.csv:6: To: the cell is empty; the name of a firm is expected",
    ]


def test_what_is_wrong_alike_in_many_lines_is_told_once(here):
    here(firms="name\n" + "Ann\n" * 100)
    lines = wrong("firms.csv")
    assert lines == [
        "firms.csv: lines 3, 4, 5 and 96 more: name: 'Ann' is taken by line 2; every firm needs a name of its own"
    ]
    here(firms="name,size\n" + "".join(f"F{k},{'xyz'[k % 3]}{k}\n" for k in range(7)))
    (line,) = wrong("firms.csv")
    assert (
        line.startswith("firms.csv: lines 2, 3, 4 and 4 more: size: 'x0' is not a number")
        and "with 'y1', 'z2', 'x3' and 3 more" in line
    )


def test_kinds_of_mistakes_are_told_by_twenty(here):
    traits = ["endowment", "power", "reliability", "contribution", "reserves", "envy", "guilt", "aspiration"]
    row = f"Ann{{}},{','.join(['x'] * len(traits))}\n"
    here(firms=f"name,{','.join(traits)}\n" + "".join(row.format(k) for k in range(3)))
    lines = wrong("firms.csv")
    assert len(lines) == 21 and lines[-1] == "firms.csv: and 4 more mistakes"


def test_a_file_is_looked_into_though_the_other_cannot_be_read(here):
    here(firms="name,size\nAnn,-1\n", ties="a,b\nAnn,Bob\n")
    Path("my.toml").write_text("")
    told = "\n".join(wrong("firms.csv", "ties.csv"))
    assert (
        "ties.csv: no column tells" in told
        and "firms.csv:2: size: '-1'" in told
        and "my.toml: is there already" in told
    )


def test_what_is_read_as_something_else_or_left_out_is_told(here):
    here(firms="name,role,size\nAnn,orchestrator,n/a\n,,\nBob,complementor,-\nCid,supplier,3\n\n", ties=TIES)
    made = import_network(["firms.csv", "ties.csv"], "my.toml")
    assert "firms.csv: line 3 holds nothing, and is left out" in made.said
    assert "firms.csv: 2 cells with 'n/a', '-' count as empty" in made.said
    assert "Words of the data are taken for roles: 'complementor' for alliance." in made.assumed


def test_a_tie_told_from_both_ends_is_the_mean(here):
    here(firms="name\nAnn\nBob\nCid\n", ties="from,to,trust\nAnn,Bob,0.2\nBob,Ann,0.6\nBob,Cid,0.5\nCid,Bob,0.5\n")
    scenario, _firms, ties = made("firms.csv", "ties.csv")
    assert ties.trust == pytest.approx([0.4, 0.5])
    assert any("from their two ends (1)" in line for line in scenario.assumptions)
    here(ties="from,to,trust\nAnn,Bob,0.2\nBob,Ann,0.6\nBob,Ann,0.7\n")
    assert wrong("firms.csv", "ties.csv", force=True) == [
        "ties.csv:4: from: the tie of 'Bob' and 'Ann' is in line 2 already"
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"name\n", "there are no firms"),
        (b"colour\nred\n", "no column tells the names of firms"),
        (b"name\nAnn\0Bob\n", "NUL byte"),
        (b'name\n"Ann\n', "cannot be read"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"\xff\xfe\x00", "this is no text"),
        (bytes(range(256)) * 8, "this is no text"),
    ],
)
def test_what_is_no_table_is_told_in_a_line(here, content, says):
    here(firms=content)
    (line,) = wrong("firms.csv")
    assert says in line


def test_files_that_are_missing_or_too_many(here):
    here(firms=FIRMS, ties=TIES)
    assert "there is no such file; did you mean firms.csv?" in wrong("firm.csv")[0]
    assert "both are files of firms" in wrong("firms.csv", "firms.csv")[0]
    assert "one of firms and one of ties" in wrong("firms.csv", "ties.csv", "ties.csv")[0]
    assert "a scenario is a TOML file" in exact("firms.csv", out="my.csv")


def exact(*sources, out):
    with pytest.raises(Mistake) as caught:
        import_network(sources, out)
    return caught.value.lines[0]


def test_one_firm_is_an_ecosystem(here):
    here(firms="name\nAlone\n")
    import_network(["firms.csv"], "my.toml")
    assert check_file("my.toml") == []


@given(st.binary(max_size=300), st.binary(max_size=300))
@example(b"name\na\n", b"from,to\na,a\n")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_anything_but_a_scenario_or_a_mistake(tmp_path, firms, ties):
    (tmp_path / "f.csv").write_bytes(b"name\n" + firms)
    (tmp_path / "t.csv").write_bytes(b"from,to\n" + ties)
    try:
        import_network([tmp_path / "f.csv", tmp_path / "t.csv"], tmp_path / "my.toml", force=True)
    except Mistake:
        return
    assert check_file(str(tmp_path / "my.toml")) == []


NETWORKS = {
    "graphml": "".join(nx.generate_graphml(nx.path_graph(3))),
    "gexf": "\n".join(nx.generate_gexf(nx.path_graph(3))),
    "gml": "\n".join(nx.generate_gml(nx.path_graph(3))),
    "net": "\n".join(nx.generate_pajek(nx.path_graph(3))),
    "json": json.dumps(nx.node_link_data(nx.path_graph(3), edges="edges")),
    "adjlist": "0 1\n1 2",
    "edgelist": "0 1 {'weight': 2}\n1 2 {}",
}


@given(st.sampled_from(sorted(NETWORKS)), st.integers(0, 300), st.integers(0, 20), st.binary(max_size=4))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_broken_network_makes_anything_but_a_scenario_or_a_mistake(tmp_path, name, place, cut, put):
    text = NETWORKS[name].encode()
    (tmp_path / f"k.{name}").write_bytes(text[:place] + put + text[place + cut :])
    try:
        import_network([tmp_path / f"k.{name}"], tmp_path / "my.toml", force=True)
    except Mistake:
        return
    assert check_file(str(tmp_path / "my.toml")) == []


# --- all or nothing -------------------------------------------------------------------------------------------------------


def test_what_is_there_is_not_replaced_unless_forced(here):
    here(firms=FIRMS, ties=TIES)
    made("firms.csv", "ties.csv")
    Path("my.toml").write_text("mine")
    assert len(wrong("firms.csv", "ties.csv")) == 3 and Path("my.toml").read_text() == "mine"
    made("firms.csv", "ties.csv")
    assert Scenario.load("my.toml").title == "my"


def test_a_source_is_never_replaced(here):
    here(**{"my-firms": FIRMS, "ties": TIES})
    assert "would be replaced by what is made of it" in wrong("my-firms.csv", "ties.csv", force=True)[0]


@pytest.mark.parametrize("fails_at", range(4))
def test_if_one_file_cannot_be_written_none_or_all_are_new(here, monkeypatch, fails_at):
    """The move that decides is the first one: if it fails nothing has changed, after it the next reader finishes what is begun."""
    here(firms=FIRMS, ties=TIES)
    made("firms.csv", "ties.csv")
    here(firms=FIRMS.replace("Bob", "Bea"), ties=TIES.replace("Bob", "Bea"))
    before = {path: path.read_bytes() for path in Path().iterdir()}
    moves = []

    def failing(move, source, target):
        moves.append(target)
        if len(moves) == fails_at + 1:
            raise OSError(28, "No space left on device")
        move(source, target)

    with monkeypatch.context() as patch:
        for name in ("rename", "replace"):
            patch.setattr(os, name, partial(failing, getattr(os, name)))
        with pytest.raises(Mistake, match="No space left on device"):
            import_network(["firms.csv", "ties.csv"], "my.toml", force=True)
    scenario = Scenario.load("my.toml")
    assert ("Bea" in Path(str(scenario.founding.firms)).read_text()) == (fails_at > 0)
    after = {path: path.read_bytes() for path in Path().iterdir()}
    assert after.keys() == before.keys() and len([path for path in after if after[path] != before[path]]) == 2 * (
        fails_at > 0
    )


def test_a_folder_is_not_replaced(here):
    here(firms=FIRMS)
    Path("my.toml").mkdir()
    assert wrong("firms.csv", force=True) == ["my.toml: is a folder; name another --out"]


# --- what is not said -----------------------------------------------------------------------------------------------------


def test_columns_that_no_scenario_knows_are_listed(here, capsys):
    here(firms="name,Region,Account Manager\nAnn,South,Eve\nBob,,\n", ties="from,to,Contract No\nAnn,Bob,7\n")
    found = import_network(["firms.csv", "ties.csv"], "my.toml")
    assert found.unused == ("firms.csv: 'Region'", "firms.csv: 'Account Manager'", "ties.csv: 'Contract No'")
    assert all(f"# Not used: {line}" in Path("my.toml").read_text() for line in found.unused)


def test_what_is_not_said_is_an_assumption_and_what_is_said_is_none(here):
    here(firms="name\nAnn\nBob\n", ties="from,to\nAnn,Bob\n")
    bare = made("firms.csv", "ties.csv")[0].assumptions
    for word in ("orchestrator", "role", "size", "power", "promises", "Trust at first", "important"):
        assert any(word in line for line in bare), word
    columns = "name,role,size,power,reliability,type,contribution,reserves,envy,guilt,aspiration,slope,goal"
    here(
        firms=f"{columns}\nAnn,hub,1,1,.9,hump,.5,6,.5,.3,1.1,.7,0\nBob,oem,1,1,.9,hump,.5,6,.5,.3,1.1,.7,0\n",
        ties="from,to,operational,relational,strategic,weight\nAnn,Bob,.5,.6,.7,1\n",
    )
    full = made("firms.csv", "ties.csv")[0].assumptions
    assert [line for line in full if "is not in the data" in line or "are not in the data" in line] == [
        "How sure first trust is is not in the data: as after {founding.trust_evidence}. It holds in both directions of a tie.",
        "What the orchestrator keeps is not in the data: {sharing.take_rate} of all value.",
        "How value is shared is not in the data: {sharing.mix}.",
        "Who might join is not in the data: the market has room for {membership.market_potential}.",
    ]


def test_the_best_connected_without_a_role_leads_unless_told_otherwise(here):
    here(firms="name,role\nAnn,\nBob,supplier\nCid,\n", ties="from,to\nAnn,Bob\nCid,Bob\nCid,Ann\n")
    assert made("firms.csv", "ties.csv")[1].columns["role"] == ["orchestrator", "supplier", None]
    assert made("firms.csv", "ties.csv", orchestrator="Bob")[1].columns["role"] == [None, "orchestrator", None]
    scenario, firms, _ties = made("firms.csv", "ties.csv", orchestrator="none")
    assert "orchestrator" not in firms.columns["role"] and scenario.sharing.take_rate == 0
    assert "did you mean 'Bob'?" in wrong("firms.csv", "ties.csv", orchestrator="Rob")[0]


def test_assumptions_are_told_with_live_numbers(here):
    here(firms=FIRMS, ties=TIES)
    scenario = made("firms.csv", "ties.csv")[0].replace({"sharing.take_rate": 0.35, "run.steps": 12})
    told = assumed(scenario)
    assert "What the orchestrator keeps is not in the data: 35\N{NO-BREAK SPACE}% of all value." in told
    assert "The time looked at is 12 months." in told
    assert not any("{" in line for line in told)


def test_assumptions_change_no_result(here):
    here(firms=FIRMS, ties=TIES)
    scenario = made("firms.csv", "ties.csv")[0].replace({"run.steps": 6})
    without = scenario.replace({"assumptions": []})
    assert sim.run(scenario).series.equals(sim.run(without).series)


# --- hostile names --------------------------------------------------------------------------------------------------------


def test_names_are_text_whatever_they_look_like(here, capsys):
    from sim.data.importing.writing import _csv

    here(
        firms=_csv(["name"], [(name,) for name in HOSTILE]),
        ties=_csv(["from", "to"], [(HOSTILE[0], n) for n in HOSTILE[1:]]),
    )
    _scenario, firms, ties = made("firms.csv", "ties.csv")
    assert list(firms.names) == HOSTILE and len(ties.pairs) == len(HOSTILE) - 1
    assert tomllib.loads(Path("my.toml").read_text())["founding"] == {"firms": "my-firms.csv", "ties": "my-ties.csv"}
    assert exit_code("describe", "my.toml") == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told and max(map(len, told.splitlines())) < 200


def test_names_and_assumptions_are_text_on_the_page_of_a_result(here):
    name = "<script>alert(1)</script>"
    here(firms=f"name\n{name}\nBob\n", ties=f"from,to\n{name},Bob\n")
    scenario = made("firms.csv", "ties.csv")[0].replace({"run.steps": 3})
    sim.run(scenario).save("result")
    page = report("result")
    assert "<script>" not in page and "&lt;script&gt;alert(1)" in page
    assert "The time looked at is 3 months." in page


def test_marks_that_steer_a_terminal_stay_out_of_the_scenario(here):
    here(firms="name,\x1b[31mred\nAnn\u202e,1\nB\x07ob,2\n")
    import_network(["firms.csv"], "my.toml")
    text = Path("my.toml").read_text()
    assert not any(not c.isprintable() for c in text.replace("\n", ""))
    assert read_firms("my-firms.csv").names == ("Ann\u202e", "B ob")


def test_many_ties_are_read_whole(here):
    """Speed is measured elsewhere; here, that nothing is lost."""
    count = 400
    firms = "".join(f"Firm {k};{k + 1},5\n" for k in range(count))
    pairs = [(i, (i + step) % count) for i in range(count) for step in range(1, 51)]
    ties = "".join(f"Firm {i};Firm {j};{i % 7 + 1},5;0,{j % 9 + 1}\n" for i, j in pairs)
    here(firms=f"Company;Revenue\n{firms}", ties=f"From;To;Volume;Trust\n{ties}")
    _scenario, _firms, found = made("firms.csv", "ties.csv")
    assert len(found.pairs) == 20_000 and found.weight.mean() == pytest.approx(1, rel=1e-5)
