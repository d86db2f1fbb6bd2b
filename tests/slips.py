"""Printed numbers with a wrong digit, drawn by a seeded program."""

import re

FINE = """\
Linear mixed model fit by REML ['lmerMod']
Formula: y ~ x + (1 | g)
   Data: d

REML criterion at convergence: 897.2

Random effects:
 Groups   Name        Variance Std.Dev.
 g        (Intercept) 0.500    0.707
 Residual             2.000    1.414
Number of obs: 240, groups:  g, 14

Fixed effects:
            Estimate Std. Error t value
(Intercept)    5.270      0.211   24.98
x              0.300      0.021   14.29
"""
"""A summary in which everything agrees."""


def slipped(text, number, draw):
    """Return a text with another first digit in a number; None where it cannot be done."""
    lines = text.split("\n")
    line = lines[number.line - 1]
    places = list(re.finditer(rf"(?<![\w.]){re.escape(number.text)}(?![\w.])", line))
    digits = [at for at, letter in enumerate(number.text) if letter in "123456789"]
    if len(places) != 1 or not digits:
        return None
    digit = draw.choice([d for d in "123456789" if abs(int(d) - int(number.text[digits[0]])) > 1])
    at = places[0].start() + digits[0]
    return "\n".join([*lines[: number.line - 1], line[:at] + digit + line[at + 1 :], *lines[number.line :]])
