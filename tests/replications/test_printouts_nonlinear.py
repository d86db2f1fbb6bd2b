"""Nonlinear models of nlme, and summaries of it whose first part was not copied: what stands below is their own."""

import re

import pytest

from replications import read_printout

COEFFICIENTS = """Fixed effects:  list(Asym ~ arm, xmid ~ 1, scal ~ 1)
                     Value Std.Error DF   t-value p-value
Asym.(Intercept) 19.760242 0.9582166 81  20.62189  0.0000
Asym.armold      -0.182340 1.3411675 81  -0.13596  0.8922
xmid              3.987323 0.0330417 81 120.67563  0.0000
scal              1.142209 0.0259843 81  43.95758  0.0000
 Correlation:
            As.(I) Asym.r xmid
Asym.armold -0.700
xmid         0.133 -0.001
scal         0.119 -0.001  0.569
"""
NONLINEAR = f"""Nonlinear mixed-effects model fit by maximum likelihood
  Model: y ~ SSlogis(t, Asym, xmid, scal)
  Data: d
      AIC      BIC  logLik
  204.746 220.1321 -96.373

Random effects:
 Formula: Asym ~ 1 | id
        Asym.(Intercept)  Residual
StdDev:         2.257435 0.5069387

{COEFFICIENTS}
Standardized Within-Group Residuals:
       Min         Q1        Med         Q3        Max
-2.1159195 -0.7066240 -0.1878945  0.5718233  2.3704600

Number of Observations: 96
Number of Groups: 12
"""
LEAST_SQUARES = """Generalized nonlinear least squares fit
  Model: y ~ SSlogis(t, Asym, xmid, scal)
  Data: d
      AIC      BIC    logLik
  365.815 376.0724 -178.9075

Coefficients:
         Value Std.Error  t-value p-value
Asym 19.675085 0.4884913 40.27725       0
xmid  3.989673 0.1017977 39.19218       0
scal  1.141985 0.0800290 14.26964       0

 Correlation:
     Asym  xmid
xmid 0.800
scal 0.719 0.569

Residual standard error: 1.584954
Degrees of freedom: 96 total; 93 residual
"""
TABLE = "\n".join(COEFFICIENTS.split("\n")[1:])
CORRELATIONS = {
    "fixef_corr.Asym_armold.Asym_(Intercept)": "-0.700",
    "fixef_corr.xmid.Asym_(Intercept)": "0.133",
    "fixef_corr.xmid.Asym_armold": "-0.001",
    "fixef_corr.scal.Asym_(Intercept)": "0.119",
    "fixef_corr.scal.Asym_armold": "-0.001",
    "fixef_corr.scal.xmid": "0.569",
}


def _read(text: str) -> dict[str, str]:
    return {number.id: number.text for block in read_printout(text) for number in block.numbers}


def test_a_nonlinear_model_is_read_as_one_and_nothing_of_it_twice():
    (block,) = read_printout(NONLINEAR)
    numbers = {number.id: number.text for number in block.numbers}

    assert (block.kind, block.formula, block.data_name, block.reml, block.unread) == (
        "nlme.nlme", "y ~ SSlogis(t, Asym, xmid, scal)", "d", False, [],
    )  # fmt: skip
    assert block.heads["fixed"] == "list(Asym ~ arm, xmid ~ 1, scal ~ 1)"
    assert numbers.items() >= CORRELATIONS.items()
    assert (numbers["varcomp.id.Asym_(Intercept).sd"], numbers["fixef.xmid.estimate"]) == ("2.257435", "3.987323")
    assert len(numbers) == 3 + 2 + 4 * 5 + 6 + 5 + 2
    assert not any("__" in id for id in numbers)


def test_nonlinear_least_squares_are_read_to_their_end():
    (block,) = read_printout(LEAST_SQUARES)
    numbers = {number.id: number.text for number in block.numbers}

    assert (block.kind, block.unread) == ("nlme.gnls", [])
    assert (numbers["fixef_corr.scal.xmid"], numbers["rse"], numbers["df_resid"]) == ("0.569", "1.584954", "93")


@pytest.mark.parametrize("blanks", [False, True], ids=["as printed", "blanks collapsed"])
def test_a_summary_without_its_first_part_ends_its_coefficients_at_the_correlations(blanks: bool):
    text = re.sub(r"(?<=\S) +(?=\S)", " ", COEFFICIENTS) if blanks else COEFFICIENTS
    numbers = _read(text)

    assert (numbers["fixef.scal.estimate"], numbers["fixef.scal.p"]) == ("1.142209", "0.0000")
    assert {id: text for id, text in numbers.items() if "corr" not in id} == {
        id: text for id, text in _read(NONLINEAR).items() if id.startswith("fixef.")
    }
    if not blanks:
        assert numbers.items() >= CORRELATIONS.items()


@pytest.mark.parametrize("title", ["Correlation:", "Contrasts of arm:", "arm = old:"])
def test_a_table_does_not_go_on_below_a_line_that_ends_with_a_colon(title: str):
    table = TABLE.partition(" Correlation")[0]
    numbers = _read(f"{table}{title}\nxmid              0.133324 0.0330417 81 120.67563  0.0000\n")

    assert numbers == _read(table)


def test_a_row_that_says_less_again_is_of_another_table():
    table = TABLE.partition(" Correlation")[0]
    more = read_printout(f"{table}xmid                 0.133\n")

    assert {n.id: n.text for block in more for n in block.numbers} == _read(table)
    assert more.unread == [(6, "xmid                 0.133")]


def test_random_effects_whose_group_stands_below_their_formula_are_of_that_group():
    text = NONLINEAR.replace("Asym ~ 1 | id", "list(Asym ~ 1, xmid ~ 1)\n Level: id\n Structure: Diagonal").replace(
        "        Asym.(Intercept)  Residual\nStdDev:         2.257435 0.5069387",
        "            Asym         xmid  Residual\nStdDev: 2.259276 1.752335e-05 0.5069387",
    )
    (block,) = read_printout(text)
    numbers = {number.id: number.text for number in block.numbers if number.id.startswith(("varcomp", "n_groups"))}

    assert numbers == {
        "varcomp.id.Asym.sd": "2.259276",
        "varcomp.id.xmid.sd": "1.752335e-05",
        "varcomp.residual.sd": "0.5069387",
        "n_groups.id": "12",
    }
    assert (block.heads["random id"], block.heads["structure id"]) == ("list(Asym ~ 1, xmid ~ 1)", "Diagonal")
