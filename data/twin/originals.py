"""Read the original data files, as far as the tutorials use them, from a folder that holds them."""

import warnings
from pathlib import Path

import pandas as pd

FILES = {
    "ess": "02-ESS-practice.rds",
    "issp": "01-ISSP.rds",
    "heck2011": "heck2011.csv",
    "imm10": "imm10.csv",
    "vaisey": "ess-stflife.dta",
}
VAISEY_ROWS = Path(__file__).resolve().parent.parent / "ess_simple_rows.csv"


def _read_rds(path: Path) -> pd.DataFrame:
    import rdata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rdata knows no constructor for haven's labelled columns and says so
        return rdata.read_rds(path)


def read_original(dataset: str, folder: str | Path, columns: list[str]) -> pd.DataFrame:
    """Rows of one original data file.

    Parameters
    ----------
    dataset : str
        Key of `FILES`.
    folder : path
        Folder with the original files (the environment variable ``MLM_ORIGINALS`` names it elsewhere).
    columns : list of str
        The columns wanted, the recipe's ``layout``.

    Returns
    -------
    DataFrame
        One row a respondent, in the file's order. ``vaisey`` is the reconstructed sample of 5,800 rows.
    """
    path = Path(folder) / FILES[dataset]
    if path.suffix == ".rds":
        data = _read_rds(path)
    elif path.suffix == ".dta":
        data = pd.read_stata(path, convert_categoricals=False)
        rows = pd.read_csv(VAISEY_ROWS)["row"].to_numpy()
        data = data.iloc[rows - 1]
    else:
        data = pd.read_csv(path, encoding="utf-8-sig")  # heck2011.csv starts with a byte order mark
    return data[columns].reset_index(drop=True)
