"""Messages on the command line name its options, not Python's arguments."""

import ast
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlm
from mlm.cli import main
from mlm.options import in_options

ROOT = Path(mlm.__file__).parent
# Rooms whose messages the command can meet, less modules of lazy data and of files that are not the command's.
ROOMS = ["files", "fit", "frame", "generalized", "language", "likelihood", "optimize"]
ALONE = ["glm.py", "glmer.py", "lmer.py"]
ELSEWHERE = r"lazy|unread|predict|simulate|stored|refits"
ARGUMENT = re.compile(
    r"\b(?:family|link|n_agq|weights|offset|reml|table|labels|start|solver|functions|contrasts)=(?!=)"
    r"|mlm\.\w*lm(?:er)?\b|`(?:family|link|n_agq|weights|offset|table|labels|ddf)`"
)
# Of arguments that the command never gives, or that it checks itself.
NEVER_MET = (
    "The search was started at start=", "`family` is a name in quotes", "`labels` is True", "`table` is the name",
    "is of family=", "`weights` are those of new rows", "is not known; give it as a column",
    "m.refit(reml=True)", "mlm.lm for ordinary least squares", "Sums are fitted alone", "`probes` and `seed` are of"
)  # fmt: skip


def texts():
    """Every message of these rooms, with x for what is filled in."""
    paths = [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))] + [ROOT / name for name in ALONE]
    for path in paths:
        if re.search(ELSEWHERE, path.name):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        plain = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        plain |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                filled = ("'x'" if getattr(part, "conversion", -1) == ord("r") else "x" for part in node.values)
                pairs = zip(node.values, filled, strict=True)
                yield "".join(part.value if isinstance(part, ast.Constant) else x for part, x in pairs)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in plain:
                yield node.value


MESSAGES = [text for text in dict.fromkeys(texts()) if " " in text and ARGUMENT.search(text)]


def test_messages_are_found():
    assert len(MESSAGES) > 25


@pytest.mark.parametrize("text", MESSAGES)
def test_no_message_names_an_argument(text):
    if not any(words in text for words in NEVER_MET):
        assert not ARGUMENT.search(in_options(text, "d.csv")), in_options(text, "d.csv")


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(4)
    rows = pd.DataFrame({"g": np.repeat(np.arange(12), 10), "h": np.arange(120) % 7, "x": rng.normal(size=120)})
    rows["passed"] = np.where(rng.random(120) < 0.5, "yes", "no")
    rows["share"], rows["size"] = rng.random(120).round(3), rng.gamma(2.0, 1.0, 120)
    rows.to_csv(tmp_path / "d.csv", index=False)
    return str(tmp_path / "d.csv")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["passed ~ x + (1 | g)"], "Did you mean --family binomial? It fits"),
        (["passed ~ x"], "Did you mean --family binomial? It fits"),
        (["share ~ x + (1 | g)", "--family", "binomial"], "are the numbers of trials, --weights; without"),
        (["passed ~ x + (1 | g) + (1 | h)", "--family", "binomial", "--n-agq", "3"], "--n-agq 3 takes one grouping"),
        (["passed ~ x + (1 | g) + (1 | h)", "--family", "binomial", "--n-agq", "3"], "Use --n-agq 1 (Laplace)."),
        (["passed ~ x + (1 | g)", "--family", "binomial", "--n-agq", "-3"], "--n-agq is 0 (fast and"),
        (
            ["size ~ x + (1 | g)", "--family", "gaussian"],
            "fitted exactly: --ml, and no --family. --family gaussian takes",
        ),
        (["size ~ x + (1 | g)", "--family", "gaussian"], "takes --link log or --link inverse."),
        (["passed ~ x + (1 | g)", "--family", "quasibinomial"], "--family cannot be 'quasibinomial'"),
        (["passed ~ x + (1 | g)", "--family", "quasibinomial"], "or take --family negative.binomial."),
        (["cbind(x, x) ~ 1 + (1 | g)", "--family", "poisson"], "are of --family binomial, and"),
    ],
)
def test_remedies_can_be_typed(options, said, file, capsys):
    main([options[0], file, *options[1:]])
    assert said in capsys.readouterr().err
