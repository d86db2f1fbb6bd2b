r"""Text for LaTeX: signs that mean something to TeX, or that pdfLaTeX does not know, are written so that they compile.

Letters with accents stay as they are: LaTeX reads UTF-8 since 2018, and the encoding T1 (``\usepackage[T1]{fontenc}``)
has those that OT1 lacks. LuaLaTeX and XeLaTeX take fonts by ``\usepackage{fontspec}``, and lose accents in T1. Scripts
other than Latin and Greek need one of these, and a font that has them.
"""

from __future__ import annotations

import unicodedata

__all__ = ["escaped"]

SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"{\char34}", "`": r"\textasciigrave{}",
}  # fmt: skip
"""The signs of ASCII that TeX takes for something else, that OT1 lacks, or that a package may give a meaning."""

FIRST = {"[": "{[}", "*": "{*}"}
"""Signs that at the start of a row would be an argument of what ends the row before."""

FORMULAS = {
    "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "≡": r"\equiv", "∼": r"\sim", "∝": r"\propto",
    "≪": r"\ll", "≫": r"\gg", "«": r"\ll", "»": r"\gg", "‹": "<", "›": ">",
    "±": r"\pm", "∓": r"\mp", "×": r"\times", "÷": r"\div", "·": r"\cdot", "⋅": r"\cdot", "∗": r"\ast", "−": "-",
    "∞": r"\infty", "√": r"\surd", "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∂": r"\partial", "∇": r"\nabla",
    "→": r"\rightarrow", "←": r"\leftarrow", "↔": r"\leftrightarrow", "↑": r"\uparrow", "↓": r"\downarrow",
    "⇒": r"\Rightarrow", "⇐": r"\Leftarrow", "⇔": r"\Leftrightarrow",
    "∈": r"\in", "∉": r"\notin", "∩": r"\cap", "∪": r"\cup", "⊂": r"\subset", "⊆": r"\subseteq", "∅": r"\emptyset",
    "∧": r"\wedge", "∨": r"\vee", "¬": r"\neg", "∀": r"\forall", "∃": r"\exists", "⊥": r"\perp", "∥": r"\parallel",
    "°": r"^{\circ}", "′": "'", "″": "''", "ℓ": r"\ell", "‖": r"\|", "¦": "|", "✓": r"\surd", "•": r"\bullet",
    "¼": r"\frac{1}{4}", "½": r"\frac{1}{2}", "¾": r"\frac{3}{4}", "∆": r"\Delta", "Ω": r"\Omega", "µ": r"\mu",
    **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", (f"^{{{k}}}" for k in range(10)), strict=True)),
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", (f"_{{{k}}}" for k in range(10)), strict=True)),
    "⁺": "^{+}", "⁻": "^{-}", "ⁿ": "^{n}", "₊": "_{+}", "₋": "_{-}",
}  # fmt: skip
"""What stands in a formula."""

GREEK = dict(zip("αβγδεζηθικλμνξπρςστυφχψωϑϕϵ", (
    *("alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "varphi", "chi", "psi", "omega"),
    *("vartheta", "phi", "epsilon"),
), strict=True)) | dict(zip("ΓΔΘΛΞΠΣΥΦΨΩ", (
    *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"),
), strict=True))  # fmt: skip
"""Greek letters that TeX has by name."""

LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
"""Greek letters that look like Latin ones, which TeX takes for them."""

WORDS = {
    "‘": "`", "’": "'", "“": "``", "”": "''", "„": ",,", "‚": ",", "–": "--", "—": "---", "‐": "{-}", "‑": "{-}",
    "…": r"\ldots{}", "§": r"\S{}", "¶": r"\P{}", "†": r"\dag{}", "‡": r"\ddag{}", "©": r"\copyright{}",
    "®": r"\textsuperscript{R}", "™": r"\textsuperscript{TM}", "€": "EUR", "£": r"\pounds{}", "¥": "JPY", "¢": "ct",
    "¡": r"\textexclamdown{}", "¿": r"\textquestiondown{}", "¨": r"\textasciidieresis{}", "¯": r"\textasciimacron{}",
    "\N{NO-BREAK SPACE}": "~", "\N{NARROW NO-BREAK SPACE}": r"\,", "\N{THIN SPACE}": r"\,", "\N{SOFT HYPHEN}": "",
    "´": r"\'{}", "¸": r"\c{}", "ª": r"\textsuperscript{a}", "º": r"\textsuperscript{o}", "¤": r"\textsuperscript{o}",
    "№": "No.", "‰": r"\%\textsubscript{0}", "⁄": "/", "￼": "",
}  # fmt: skip
"""Signs of prose."""

ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0331": "b",
}  # fmt: skip
"""Marks on a letter that has no sign of its own with them."""

GREEK_ACCENTS = {"\u0300": r"\grave", "\u0301": r"\acute", "\u0308": r"\ddot", "\u0342": r"\tilde"}
"""The same in formulas."""


def escaped(text: str) -> str:
    r"""Write a name or a note so that LaTeX prints it.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> print(escaped("a_b < 50 % & α ≥ 2"))
    a\_b \textless{} 50 \% \& $\alpha$ $\geq$ 2
    """
    words = " ".join(unicodedata.normalize("NFC", text).split())
    letters: list[str] = []
    for sign in words:
        if unicodedata.combining(sign) and letters:
            letters[-1] = _accented(letters[-1], sign)
        elif sign == "-" and letters and letters[-1].endswith("-"):
            letters.append("{-}")  # two would be a dash
        else:
            letters.append(_sign(sign))
    return FIRST.get(words[:1], "".join(letters[:1])) + "".join(letters[1:])


def _sign(sign: str) -> str:
    """One sign as LaTeX is to read it."""
    if sign in SIGNS or sign in WORDS:
        return SIGNS.get(sign, "") or WORDS.get(sign, "")
    if sign in FORMULAS:
        return f"${FORMULAS[sign]}$"
    base, *marks = list(unicodedata.normalize("NFD", sign))
    if base in LATIN and not marks:
        return LATIN[base]
    if base in GREEK or base in LATIN:
        formula = rf"\{GREEK[base]}" if base in GREEK else LATIN[base]
        for mark in marks:
            formula = f"{GREEK_ACCENTS[mark]}{{{formula}}}" if mark in GREEK_ACCENTS else formula
        return f"${formula}$"
    if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me"):
        return ""
    return sign


def _accented(letter: str, mark: str) -> str:
    """A letter with a mark; one that LaTeX has no accent for stays without."""
    if mark in ACCENTS and not letter.startswith("$"):
        return rf"\{ACCENTS[mark]}{{{letter}}}"
    return letter
