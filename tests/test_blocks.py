"""Blocks and page functions: one file adds a page, each block knows what it says, and a kind has one page."""

from __future__ import annotations

import io
import json
import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from matplotlib.figure import Figure as Drawing
from rich.console import Console

from sim import Mistake
from sim.reports import markdown, registry, terminal, wording
from sim.reports.blocks import Block, Cell, Commands, Figure, Heading, Name, Points, Table, Text, Title, plain
from sim.reports.html import lay_out, report

TABLE = Table("Prices", ["measure", "price"], [[Name("mean_<b>price</b>"), Cell.of("12", "good")]], {1})
EVERY = [
    Title("Auctions & bids", ["Prices rose."], "About   auctions.", "kicker"),
    Heading("Empty"),
    Heading("Prices"),
    Text("Twelve on average."),
    Points("Bidders", ["one", "two"]),
    TABLE,
    Figure(Drawing(figsize=(2, 1)), "An empty figure."),
    Commands(["tide run it"]),
]


@pytest.fixture
def auction(tmp_path) -> Path:
    """The folder of a result of a kind that the package does not have."""
    (tmp_path / "manifest.json").write_text(
        json.dumps({"kind": "auction", "source": "abc", "version": "1", "mean": 12})
    )
    return tmp_path


@pytest.fixture(autouse=True)
def only_built_in(monkeypatch):
    """Pages of a test do not stay."""
    registry.kinds()
    monkeypatch.setattr(registry, "_layouts", dict(registry._layouts))


def test_a_page_for_a_new_kind_is_one_function(auction):
    with pytest.raises(Mistake, match="holds no result that has a page"):
        report(auction)

    @registry.page("auction")
    def auction_page(manifest, folder) -> Iterator[Block]:
        yield Title("Auctions", [f"The mean price is {manifest['mean']}."])
        yield Heading("Again")
        yield Commands([f"tide auction {folder.name}"])

    text = report(auction)
    assert "The mean price is 12." in text and f"tide auction {auction.name}" in text
    assert "auction" in registry.kinds()


def test_a_kind_has_one_page(auction):
    with pytest.raises(Mistake, match=r"@page\('run'\): .*run_page already shows.*name another kind"):
        registry.page("run")(lambda result, folder: [])


def test_a_result_is_read_and_drawn_as_its_page_says(auction):
    registry.page("auction", read=lambda folder: 12, figure=lambda price: Drawing(figsize=(price / 6, 1)))(
        lambda price, folder: [Title(f"{price}")]
    )
    registry.save_figure(12, auction)
    assert (auction / "figure.png").stat().st_size > 100
    assert "<h1>12</h1>" in report(auction)


def test_every_block_says_what_it_holds():
    said = plain(EVERY)
    for words in (
        "Auctions & bids",
        "Prices rose.",
        "About auctions.",
        "Twelve",
        "- two",
        "mean_<b>price</b>\t12",
        "An empty",
        "tide",
    ):
        assert words in said
    assert TABLE.column("price") == ["12"] and TABLE.without("price").header == ["measure"]
    assert TABLE.without("measure") is TABLE


def test_the_template_lays_out_every_block(auction):
    page = lay_out(EVERY, auction)
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page) == ["Prices"], "a heading that nothing follows is left out"
    assert "mean &lt;b&gt;price&lt;/b&gt;" in page and '<td class="number good">12</td>' in page
    assert page.count('role="img"') == 1 and "<li>two</li>" in page and "<pre>tide run it</pre>" in page
    assert page == lay_out(EVERY, auction)
    with pytest.raises(TypeError, match="begins with a Title"):
        lay_out(EVERY[1:], auction)


def test_a_terminal_and_markdown_show_the_same_table(capsys):
    out = io.StringIO()
    terminal.show(Console(file=out, width=60, markup=False), [TABLE])
    assert "mean_<b>price</b>" in out.getvalue() and "12" in out.getvalue()
    terminal.show(Console(), [Text("Twelve\u202e.")])
    assert capsys.readouterr().out == "Prices\nTwelve.\n", "the caption stands above the table"
    text = markdown.document(EVERY)
    assert text.startswith("# Auctions & bids\n\nPrices rose.") and "| mean_<b>price</b> | 12 |" in text
    assert "```sh\ntide run it\n```" in text


@pytest.mark.parametrize("kind", ["../etc/passwd", "search; rm", "blocks", "", 3])
def test_a_kind_from_a_manifest_is_only_a_name(tmp_path, kind):
    (tmp_path / "manifest.json").write_text(json.dumps({"kind": kind}))
    with pytest.raises(Mistake, match="holds no result that has a page"):
        registry.layout_of(tmp_path)


def test_every_sentence_is_used_and_its_blanks_are_filled():
    root = Path(wording.__file__).parents[1]
    source = "\n".join(
        path.read_text(encoding="utf-8") for part in ("reports", "cli") for path in (root / part).glob("*.py")
    )
    kept = tomllib.loads((root / "reports/templates/sentences.toml").read_text(encoding="utf-8"))
    for part, sentences in kept.items():
        for key, text in sentences.items():
            assert re.search(rf"[\"'.]{key}[\"']", source), f"{part}.{key} is used nowhere"
            for _text, blank, _form, _how in string.Formatter().parse(text):
                assert blank is None or re.search(rf"\b{blank}\b\"?[=:]", source), (
                    f"{part}.{key}: nothing fills {blank}"
                )
