"""Picture for the page on the twins: exchanges on toy values that keep the margins and the sum of products.

    python book/_static/twin_idea.py        writes twin_idea.svg beside this file

Ten made-up pupils. Left: two exchanges of scores whose effects on the sum of products cancel. Middle: the result.
Right: after many such pairs of exchanges.
"""

from itertools import combinations
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import mlm

HERE = Path(__file__).resolve().parent
HOURS = np.array([0, 1, 1, 2, 3, 3, 4, 5, 6, 7])
SCORE = np.array([41, 45, 56, 51, 46, 58, 53, 63, 57, 66])
POINT, FIRST, SECOND = "#0072B2", "#D55E00", "#009E73"


def effect(score: np.ndarray, i: int, j: int) -> int:
    """Change of the sum of products when pupils i and j exchange their scores."""
    return int((score[j] - score[i]) * (HOURS[i] - HOURS[j]))


def cancelling_pairs(score: np.ndarray) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """All pairs of exchanges on four different pupils whose effects add up to zero, those without effect left out."""
    exchanges = [pair for pair in combinations(range(len(score)), 2) if effect(score, *pair)]
    return [
        (one, two)
        for one, two in combinations(exchanges, 2)
        if not set(one) & set(two) and effect(score, *one) + effect(score, *two) == 0
    ]


def exchanged(score: np.ndarray, pair) -> np.ndarray:
    """Scores after both exchanges."""
    score = score.copy()
    for i, j in pair:
        score[[i, j]] = score[[j, i]]
    return score


def twin(score: np.ndarray, steps: int = 300) -> np.ndarray:
    """Scores after many random cancelling pairs, the state in which most pupils have another score than at first."""
    random, best, now = np.random.RandomState(3), score, score
    for _ in range(steps):
        pairs = cancelling_pairs(now)
        now = exchanged(now, pairs[random.randint(len(pairs))])
        if (now != score).sum() > (best != score).sum():
            best = now
    return best


def panel(axis, score: np.ndarray, title: str) -> None:
    """Scatter plot with its regression line and the values at the margins."""
    slope, intercept = np.polyfit(HOURS, score, 1)
    ends = np.array([-0.5, 7.5])
    axis.plot(ends, intercept + slope * ends, color="0.55", linewidth=1.2, zorder=1)
    axis.scatter(HOURS, score, color=POINT, s=34, zorder=3)
    axis.plot(HOURS, np.full(len(HOURS), 36.0), "|", color=POINT, markersize=9, clip_on=False)
    axis.plot(np.full(len(score), -1.1), score, "_", color=POINT, markersize=9, clip_on=False)
    axis.set(xlim=(-1.1, 7.9), ylim=(36, 71), xlabel="hours of homework")
    axis.set_title(title, fontsize=11)
    note = f"sum of products {score @ HOURS}\nslope {slope:.3f}, intercept {intercept:.2f}"
    axis.text(7.8, 36.8, note, ha="right", va="bottom", fontsize=8.5)


def arrows(axis, score: np.ndarray, pair, colour: str, line: str, height: float) -> None:
    """Show one exchange: each of the two pupils gets the other's score."""
    i, j = pair
    for a, b in ((i, j), (j, i)):
        style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.3, "ls": line, "shrinkA": 4, "shrinkB": 0}
        axis.annotate("", (HOURS[a], score[b]), (HOURS[a], score[a]), arrowprops=style, zorder=2)
    axis.plot([-0.8, 0.1], [height, height], color=colour, linewidth=1.3, linestyle=line)
    note = f"exchange: {effect(score, i, j):+d}".replace("-", "\N{MINUS SIGN}")
    axis.text(0.3, height, note, color=colour, fontsize=8.5, va="center")


def main() -> None:
    """Draw and save."""
    mlm.plot.use_style()
    plt.rcParams["svg.hashsalt"] = "twin_idea"  # the same bytes every time
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.7), sharey=True)
    pair = max(cancelling_pairs(SCORE), key=lambda pair: abs(effect(SCORE, *pair[0])))
    panel(axes[0], SCORE, "ten pupils, two exchanges marked")
    arrows(axes[0], SCORE, pair[0], FIRST, "-", 69.0)
    arrows(axes[0], SCORE, pair[1], SECOND, "--", 66.5)
    panel(axes[1], exchanged(SCORE, pair), "after the two exchanges")
    panel(axes[2], twin(SCORE), "after many: the twin")
    axes[0].set_ylabel("score")
    figure.savefig(HERE / "twin_idea.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
