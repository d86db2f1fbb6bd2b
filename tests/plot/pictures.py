"""All kinds of figures over many kinds of data, to be looked at: ``python tests/plot/pictures.py FOLDER [NAME ...]``.

The data are drawn with a seed. `PICTURES` has each figure by its name; the tests measure in them what can be measured.
"""

import sys
import warnings
from functools import cache
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mlm
from mlm import plot

LIKERT = ["strongly disagree", "rather disagree", "neither agree nor disagree", "rather agree", "strongly agree"]
GROUPS, LETTERS = (3, 40, 400), (5, 40)
TITLE = "$10_a or 5% and a rather long title that runs over two lines of the figure, I think, as US$ do"


def names(count, letters):
    """Labels of about so many letters, with what TeX would read."""
    if letters == 5:
        return [f"g {k}" for k in range(count)]
    return [f"department of $ociology_and 100% {k}".ljust(letters, "z") for k in range(count)]


@cache
def rows(count, letters, each=8):
    """Rows of groups: x, z, a response with random intercepts and slopes, weights, dates, Likert answers."""
    rng = np.random.default_rng(count)
    n = count * each
    which = np.repeat(np.arange(count), each)
    x, z = rng.normal(size=n), rng.normal(size=n)
    lift, slope = rng.normal(size=count), 0.5 * rng.normal(size=count)
    d = pd.DataFrame({"x": x, "z": z, "g": np.array(names(count, letters), dtype=object)[which]})
    d["y"] = 1 + 0.5 * x + lift[which] + slope[which] * x + rng.normal(size=n)
    d["w"] = rng.choice([0.1, 1.0, 20.0], size=n)
    d["yw"] = 1 + 0.5 * x + rng.normal(size=n) / np.sqrt(d["w"])
    d["day"] = pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 500, n), unit="D")
    d["answer"] = pd.Categorical(rng.choice(LIKERT, n), categories=LIKERT)
    return d


def quietly(formula, data, **options):
    """Fit without the words on singular fits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mlm.lmer(formula, data, **options)


@cache
def model(count, letters, formula="y ~ x + z + (x + z | g)"):
    """Fit a mixed model to these rows."""
    return quietly(formula, rows(count, letters))


@cache
def outcomes(count, letters, response="one", family="binomial"):
    """Fit outcomes of 0 and 1, or counts, of these rows."""
    d = rows(count, letters)
    which = pd.factorize(d["g"])[0]
    rng = np.random.default_rng(9)
    eta = d["x"] + 0.8 * rng.normal(size=count)[which]
    d = d.assign(one=(rng.random(len(d)) < 1 / (1 + np.exp(-eta))).astype(int), k=rng.poisson(np.exp(0.5 * eta)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mlm.glmer(f"{response} ~ x + z + (1 | g)", d, family)


@cache
def flat():
    """A fit with a variance of 0."""
    d = rows(40, 5)
    return quietly("y ~ 1 + (1 | g)", d.assign(y=d["y"] - d.groupby("g")["y"].transform("mean")))


@cache
def steep(ratio):
    """A fit with an ICC near 1."""
    rng = np.random.default_rng(7)
    which = np.repeat(np.arange(20), 6)
    y = ratio * rng.normal(size=20)[which] + rng.normal(size=120)
    return quietly("y ~ 1 + (1 | g)", {"y": y, "g": which})


@cache
def several(count, terms=4):
    """Fit linear models, each with one predictor more, in turn."""
    rng = np.random.default_rng(2)
    d = pd.DataFrame(rng.normal(size=(200, terms)), columns=[f"x{k}" for k in range(terms)])
    d["y"] = d.sum(axis=1) + rng.normal(size=200)
    return [mlm.lm("y ~ " + " + ".join(f"x{j}" for j in range(1 + k % terms)), d) for k in range(count)]


def text_levels(count, letters):
    """Fit a category of text with so many levels."""
    return mlm.lm("y ~ x + g", rows(count, letters))


def four(draw, layout=None):
    """Draw the second of four axes of one figure, so that the neighbours are seen."""
    _, axes = plt.subplots(2, 2, figsize=(9, 7), layout=layout)
    for ax in axes.flat:
        ax.plot([0, 1], [0, 1])
        ax.set(xlabel="neighbour", ylabel="neighbour")
    axes[0, 0].clear()
    return draw(axes[0, 0])


def missing():
    """Rows of which some have missing values."""
    d = rows(3, 5).copy()
    d.loc[::5, "x"] = np.nan
    return d


def pictures():
    """Each figure by its name, as a function that draws it and returns its Axes."""
    found = {}
    for count in GROUPS:
        for letters in LETTERS:
            key = f"{count}_{letters}"
            found |= {
                f"histogram_{key}": lambda c=count, n=letters: plot.facet_histogram(rows(c, n), "y", "g"),
                f"density_{key}": lambda c=count, n=letters: plot.facet_density_lines(rows(c, n), "x", "y", "g"),
                f"points_{key}": lambda c=count, n=letters: plot.facet_density_lines(
                    rows(c, n), "day", "y", "g", kind="points"
                ),
                f"lines_{key}": lambda c=count, n=letters: plot.group_lines(rows(c, n), "x", y="y", by="g"),
                f"mixed_{key}": lambda c=count, n=letters: plot.group_lines(model(c, n), "x"),
                f"caterpillar_{key}": lambda c=count, n=letters: plot.caterpillar(model(c, n)),
                f"modes_{key}": lambda c=count, n=letters: plot.ranef_histogram(model(c, n), "x"),
                f"residuals_{key}": lambda c=count, n=letters: plot.residual_histogram(model(c, n)),
                f"outcomes_{key}": lambda c=count, n=letters: plot.group_lines(outcomes(c, n), "x"),
                f"chances_{key}": lambda c=count, n=letters: plot.caterpillar(outcomes(c, n)),
                f"averages_{key}": lambda c=count, n=letters: plot.binned_residuals(outcomes(c, n)),
                f"levels_{key}": lambda c=count, n=letters: mlm.effect(text_levels(c, n), "g").plot(),
                f"at_{key}": lambda c=count, n=letters: mlm.effect(
                    text_levels(c, n), "x", at={"g": names(c, n)}
                ).plot(),
                f"curve_{key}": lambda c=count, n=letters: plot.likelihood_curve(model(c, n, "y ~ x + (1 | g)")),
                f"terms_{key}": lambda c=count, n=letters: plot.dot_and_whisker(text_levels(c, n)),
            }
    for count in (1, 2, 12):
        for letters in LETTERS:
            labels = [f"model {k}".ljust(letters, "m") for k in range(count)]
            found[f"models_{count}_{letters}"] = lambda c=count, n=labels: plot.dot_and_whisker(several(c), n)
    return found | {
        "likert_effect": lambda: mlm.effect(mlm.lm("y ~ answer", rows(3, 5)), "answer").plot(),
        "likert_at": lambda: mlm.effect(mlm.lm("y ~ x * answer", rows(3, 5)), "x", at={"answer": LIKERT}).plot(),
        "likert_both": lambda: mlm.effect(
            mlm.lm("y ~ g * answer", rows(3, 40, 40)), "answer", at={"g": names(3, 40)}
        ).plot(),
        "likert_facets": lambda: plot.facet_histogram(rows(3, 5), "y", "answer"),
        "at_twelve": lambda: mlm.effect(
            mlm.lm("y ~ x * z", rows(3, 5)), "x", at={"z": np.arange(12.0).tolist()}
        ).plot(),
        "dates_lines": lambda: plot.group_lines(rows(3, 5), "day", y="y", by="g"),
        "dates_histogram": lambda: plot.facet_histogram(rows(3, 5), "day", "g"),
        "weights_lmer": lambda: plot.residual_histogram(quietly("yw ~ x + (1 | g)", rows(40, 5), weights="w")),
        "counts_lines": lambda: plot.group_lines(outcomes(40, 5, "k", "poisson"), "x"),
        "counts_averages": lambda: plot.binned_residuals(outcomes(40, 5, "k", "poisson")),
        "chance": lambda: mlm.effect(outcomes(40, 5), "x", at={"z": [-1.0, 1.0]}).plot(),
        "zero_caterpillar": lambda: plot.caterpillar(flat()),
        "zero_modes": lambda: plot.ranef_histogram(flat()),
        "zero_lines": lambda: plot.group_lines(quietly("y ~ x + (1 | g)", rows(40, 5).assign(y=rows(40, 5)["z"])), "x"),
        "icc_0": lambda: plot.likelihood_curve(flat()),
        "icc_near_1": lambda: plot.likelihood_curve(steep(100)),
        "icc_at_1": lambda: plot.likelihood_curve(steep(1e5)),
        "few_levels": lambda: plot.facet_histogram(rows(3, 5).assign(one="a"), "y", "one"),
        "constant_x": lambda: plot.facet_density_lines(rows(3, 5).assign(x=1.0), "x", "y", "g"),
        "large_numbers": lambda: plot.facet_histogram(rows(40, 5).assign(y=lambda d: 1e6 * d["y"]), "y", "g", ncols=8),
        "missing_rows": lambda: plot.facet_density_lines(missing(), "x", "y", "g", kind="points"),
        "given_legend": lambda: four(lambda ax: plot.group_lines(rows(3, 40), "x", y="y", by="g", ax=ax)),
        "given_legend_beside": lambda: four(lambda ax: plot.group_lines(rows(3, 5), "x", y="y", by="g", ax=ax)),
        "given_models": lambda: four(
            lambda ax: plot.dot_and_whisker(several(12), ax=ax, title="Twelve"), "constrained"
        ),
        "given_levels": lambda: four(
            lambda ax: mlm.effect(text_levels(40, 40), "g").plot(ax=ax, title="Forty"), "constrained"
        ),
        "given_curve": lambda: four(lambda ax: plot.likelihood_curve(flat(), ax=ax)),
        "given_panels": lambda: plot.caterpillar(
            model(40, 40), ax=plt.subplots(1, 3, figsize=(12, 4), layout="constrained")[1], title="Three terms"
        ),
        "small": lambda: plot.caterpillar(model(40, 5), figsize=(4, 3), title="A small figure of forty groups"),
        "titled": lambda: plot.facet_histogram(
            rows(3, 5), "y", "g", title=TITLE,
            xlabel="US$ in 100% and US$ of a", ylabel="Rows",
        ),
    }  # fmt: skip


PICTURES = pictures()


def main(folder, *chosen):
    """Draw all pictures, or those chosen, into a folder, in light and as the book has them."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        if not chosen or any(part in name for part in chosen):
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                axes = draw()
                first = axes[0] if isinstance(axes, np.ndarray) else axes
                first.figure.savefig(Path(folder) / f"{name}.png")
            print(name, *(f"\n    {w.category.__name__}: {w.message}" for w in said), flush=True)
            plt.close("all")


if __name__ == "__main__":
    main(*sys.argv[1:])
