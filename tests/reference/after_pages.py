"""The rows of after_tests.R, after_intervals.R and after_prediction.R: those of the pages on what comes after a fit.

python -m reference.after_pages FOLDER     writes imm10.csv and vaisey.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import replications


def main(folder: Path) -> None:
    """Write the twins."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, order in (("imm10", ["schnum", "homework"]), ("vaisey", ["cntry", "eduyrs"])):
        data = replications.load(name, kind="twin", verbose=False)
        data.sort_values(order, kind="stable").to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
