"""How tables of models are written: HTML, Markdown, LaTeX; and saved."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from rmodels import data

import mlm
from mlm.report.tables import latex_text
from mlm.report.tables.latex_text import escaped

NASTY = r"""a<b | c≥d & 50 % of_x^2 #1 $y$ {z} ~ \w "q" `b` 'c' -- α Ünï [x] * <script>"""


@pytest.fixture(scope="module")
def models():
    return [mlm.lmer("y ~ x + (1 | g)", data()), mlm.lm("y ~ x + z", data())]


@pytest.fixture(scope="module")
def nasty(models):
    return mlm.regtable(models, names=[NASTY, "[B]"], coef_names=[NASTY, "*", "[z]"], caption=NASTY, note=NASTY)


class Tags(HTMLParser):
    """Whether tags close in the order in which they open, and the text between them."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(text):
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert tags.open == []
    return tags


def test_html_shows_names_as_they_are(nasty):
    tags = read(nasty.to_html())
    assert "script" not in tags.seen
    assert tags.text.count(NASTY) == 4


def test_html_brings_its_style_and_no_colour(models):
    """Rules and letters have the colour of the page around, whether it is light or dark."""
    style = re.search("<style>(.*?)</style>", mlm.regtable(models).to_html(), re.DOTALL)[1]
    for needed in ("border-top: 2px solid;", "border-bottom: 2px solid;", "padding:", "overflow-x: auto", "sup"):
        assert needed in style
    assert not re.search(r"#[0-9a-f]{3}|rgb|black|white(?!-)|(?<!-)color: (?!inherit)", style)
    for selector in re.findall(r"^([^ @}][^{]*)\{", style, re.MULTILINE):
        assert all("mlm-regtable" in part for part in selector.split(","))


def test_html_raises_the_2_of_r_squared_and_of_nothing_else(models):
    text = mlm.regtable(models[1], coef_names={"x": "R^2"}).to_html()
    assert text.count("R<sup>2</sup>") == 2
    assert '<th scope="row">R^2</th>' in text


def test_markdown_shows_names_as_they_are(nasty):
    lines = nasty.to_markdown().split("\n")
    table = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {4}
    assert r"\_x\^2 #1 \$y\$ \{z\} \~ \\w" in table[0]
    assert "<script>" not in nasty.to_markdown()
    assert lines[0].startswith("**a&lt;b")
    listed = mlm.regtable(mlm.lm("y ~ x", data()), note="1. first\n- second").to_markdown()
    assert listed.endswith("1\\. first  \n\\- second")


def test_every_sign_that_tex_takes_for_something_else_is_written_out():
    for sign in r"\{}_&%#$^~<>|":
        found = escaped(f"a{sign}b")
        assert found != f"a{sign}b"
        assert re.fullmatch(r"a(\\[{}_&%#$]|\\text\w+\{\})b", found), found
    assert escaped("[a] *b") == "{[}a] *b"
    assert escaped("*b") == "{*}b"
    assert escaped("a--b---c") == "a-{-}b-{-}-c"
    assert escaped("a\nb\t c\x00\u200b") == "a b c"
    assert escaped("α ≥ β² µ Ü ά x\u0301") == r"$\alpha$ $\geq$ $\beta$$^{2}$ $\mu$ Ü $\acute{\alpha}$ \'{x}"
    assert escaped("\u0301") == escaped("") == ""
    assert escaped("R^2") == r"R\textasciicircum{}2"


def test_latex_leaves_no_sign_that_means_something(nasty):
    body = nasty.to_latex()
    for line in body.split("\n"):
        bare = re.sub(r"\\[{}_&%#$]|\\text\w+\{\}", "", line)
        assert bare.count("$") % 2 == 0
        assert bare.count("{") == bare.count("}")
        assert not set("%#~|<>") & set(re.sub(r"\$[^$]*\$", "", bare)), line
    rows = body.split("\\midrule\n")[1].split("\n")
    assert all(not re.match(r"[\[*]", row) for row in rows)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
@pytest.mark.parametrize("encoding", ["", r"\usepackage[T1]{fontenc}"])
def test_latex_compiles(nasty, models, tmp_path, encoding):
    """Also every sign of the tables, alone, first in a row, and between letters."""
    signs = [*map(chr, range(32, 127)), *latex_text.FORMULAS, *latex_text.GREEK, *latex_text.LATIN, *latex_text.WORDS]
    signs += ["ä", "é", "ß", "ł", "ő", "ά", "x\u0301", "q\u0308", "--", "?`"]
    rows = [rf"{escaped(sign)} & {escaped(f'x{sign}y')} \\" for sign in signs]
    tables = ["\\begin{tabular}{ll}", *rows, "\\end{tabular}", "\\newpage", nasty.to_latex()]
    tables.append(mlm.regtable(models, ci=True, p=True, single_row=True, stars=(0.1, 0.2, 0.3, 0.4)).to_latex())
    source = rf"\documentclass{{article}}{encoding}\usepackage{{booktabs}}\begin{{document}}" + "\n".join(tables)
    (tmp_path / "t.tex").write_text(source + "\n\\end{document}", encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-2000:]


@pytest.mark.parametrize("engine", ["pdflatex", "lualatex", "xelatex"])
def test_documents_lose_no_letter(models, tmp_path, engine):
    """Of Polish with any engine; of what the font lacks, engines that know fonts say so."""
    if not shutil.which(engine):
        pytest.skip(f"needs {engine}")
    if engine == "lualatex" and not subprocess.run(["kpsewhich", "luaotfload-main.lua"], capture_output=True).stdout:
        pytest.skip("needs luaotfload, by which LuaLaTeX knows fonts")
    words = "ąęł" if engine == "pdflatex" else "ąęł 中"
    mlm.regtable(models[0], caption=words).save(tmp_path / "t.tex", document=True)
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    lost = set(re.findall(r"Missing character: There is no (\S)", run.stdout))
    assert lost == set("" if engine == "pdflatex" else "中")


@pytest.mark.parametrize("ending", ["html", "HTM", "tex", "md", "txt"])
def test_saved_tables_are_what_is_written(nasty, tmp_path, ending):
    path = nasty.save(tmp_path / f"t.{ending}", document=False)
    written = {"html": "to_html", "htm": "to_html", "tex": "to_latex", "md": "to_markdown", "txt": "to_text"}
    assert path == tmp_path / f"t.{ending}"
    assert path.read_bytes() == (getattr(nasty, written[ending.lower()])() + "\n").encode()
    assert nasty.save(str(path)) == path


def test_a_saved_page_is_a_page(nasty, tmp_path):
    text = nasty.save(tmp_path / "t.html").read_text("utf8")
    assert text.startswith("<!DOCTYPE html>")
    assert '<meta charset="utf-8">' in text
    assert "color-scheme: light dark" in text
    assert "http" not in text
    read(text.removeprefix("<!DOCTYPE html>"))
    source = nasty.save(tmp_path / "t.tex", document=True).read_text("utf8")
    assert source.index(r"\usepackage{booktabs}") < source.index(r"\begin{document}") < source.index(r"\toprule")
    assert nasty.save(tmp_path / "t.tex").read_text("utf8").startswith(r"\begin{table}")


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("t.pdf", {}, r"saved as .docx, .html, .htm, .tex, .md, .txt; got the name 't.pdf'"),
        ("t", {}, "got the name 't'"),
        ("a\0.html", {}, r"No file can be called '.*a\\x00.html'"),
        ("a\ud800.docx", {}, r"No file can be called '.*a\\ud800.docx'"),
        ("none/t.md", {}, "cannot be saved as .*none.*: No such file"),
        ("t.md", {"document": "yes"}, "document is True, False or None; got 'yes'"),
    ],
)
def test_files_that_cannot_be(nasty, tmp_path, path, options, message):
    with pytest.raises(mlm.ArgumentError, match=message):
        nasty.save(tmp_path / path, **options)


@pytest.mark.parametrize("ending", ["html", "tex", "md", "txt"])
def test_half_a_letter_in_a_name_is_a_question_mark(models, tmp_path, ending):
    table = mlm.regtable(models[0], names=["a\ud800b"], caption="c\udfff", note="kept ä")
    text = table.save(tmp_path / f"t.{ending}").read_text("utf8")
    assert ("a?b" if ending != "tex" else "ab") in text
    assert "kept ä" in text


@pytest.mark.parametrize("path", [None, 5, b"t.md", ["t.md"], mlm])
def test_paths_that_are_none(nasty, path):
    with pytest.raises(mlm.ArgumentError, match=f"under a name such as 'table.html'; got {type(path).__name__}"):
        nasty.save(path)


def test_a_document_without_its_package_is_one_error(nasty, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "docx", None)
    with pytest.raises(mlm.FitError, match="needs the package python-docx: pip install"):
        nasty.save(tmp_path / "t.docx")


def test_a_document_for_word_processors(nasty, models, tmp_path):
    docx = pytest.importorskip("docx")
    document = docx.Document(nasty.save(tmp_path / "t.docx"))
    (grid,) = document.tables
    assert [cell.text for cell in grid.rows[0].cells] == ["", NASTY, "[B]"]
    assert document.paragraphs[0].text == NASTY
    assert document.paragraphs[1].text == "*** p < 0.001; ** p < 0.01; * p < 0.05"
    frame = nasty.to_frame()
    for row, (_, strings) in zip(grid.rows[1:], frame.iterrows(), strict=True):
        assert [cell.text.replace("−", "-") for cell in row.cells][1:] == strings.tolist()
    starred = next(run for run in grid.rows[1].cells[1].paragraphs[0].runs if "*" in run.text)
    assert starred.font.superscript
    labels = [row.cells[0].text for row in grid.rows[1:]]
    assert "R2" in labels
    wide = docx.Document(mlm.regtable(models * 6).save(tmp_path / "wide.docx"))
    page = wide.sections[0]
    assert page.page_width > page.page_height
    (grid,) = wide.tables
    twip = 635  # a document's widths are whole numbers of these
    room = page.page_width - page.left_margin - page.right_margin
    assert sum(column.width for column in grid.columns) <= room + twip * len(grid.columns)
