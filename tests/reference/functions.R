# The functions of formulas, by R: each expression on the rows below, and those that learn on new rows too.
#   Rscript functions.R functions.json
suppressPackageStartupMessages({library(jsonlite); library(splines)})
invisible(Sys.setlocale("LC_COLLATE", "C"))

fit <- data.frame(
  x = c(1, -2, NA, 2.5, -0.75, 4, 2.5, 100, 0, -7.3),
  z = c(3, 1, 4, 1.5, 9, 2.6, 5, 3, 8.97, 0.2),
  w = c(0.15, 2.675, -2.5, 0.5, 1.5, 123.456, -0.285, 5.015, 1e-5, 1234567.125),
  k = c(3L, 1L, 2L, 3L, 12L, 1L, 2L, 2L, 7L, 1L),
  u = c(0.1, -0.9, 0.5, 0.25, -0.3, 0.99, 0, -1, 1, 0.7),
  b = c(TRUE, FALSE, NA, TRUE, TRUE, FALSE, NA, FALSE, TRUE, FALSE),
  a = c(TRUE, TRUE, TRUE, FALSE, FALSE, FALSE, NA, NA, NA, TRUE)
)
fit$f <- factor(c("b", "a", "c", NA, "a", "b", "c", "c", "a", "b"))
fit$h <- factor(c("q", "p", "q", "p", "q", "q", "p", "p", NA, "q"), levels = c("q", "p"))
fit$o <- factor(c("lo", "hi", "mid", "mid", NA, "lo", "hi", "lo", "mid", "hi"), levels = c("lo", "mid", "hi"), ordered = TRUE)
fit$p <- factor(c("mid", "hi", "lo", "mid", "hi", "lo", "hi", NA, "lo", "mid"), levels = c("lo", "mid", "hi"), ordered = TRUE)
fit$t <- c("u", "v", "a", "a", "B", "v", NA, "u", "u", "a")
fit$n <- c("1.5", "-2", "1e3", " 4 ", NA, "1.5", "0", "7", ".5", "-2")
fit$s <- c("TRUE", "F", "true", "T", NA, "False", "FALSE", "T", "False", "True")
fit$l <- factor(c("a", "z", "a", "z", "a", "a", "z", "a", "a", "z"), levels = c("z", "unused", "a"))
new <- data.frame(x = c(-9, 1.25, NA, 130), z = c(-1, 2, 4.4, 12), k = c(2L, 12L, 1L, 3L), u = c(-2, -0.25, 0.6, 3))

expressions <- c(
  # arithmetic
  "x + z", "x - z", "x * z", "x / z", "x^2", "x^0", "2^x", "x^0.5", "(-1)^k", "-x", "+x", "-2^2", "2^3^2", "-x^2", "1 / x",
  "x %% 2", "x %/% 2", "7 %% -3", "-7 %% 3", "-7 %/% 3", "1 %% 0", "1 %/% 0", "5.5 %% 2", "x %% -3.5", "z %/% 0.3", "k / 2",
  "k %% 5L", "k %/% 5L", "k * k", "k^9", "b + b", "b * x", "a + x", "TRUE + TRUE", "-b", "(x + z) * k", "(x)", "I(x)", "I(b)", "I(f)",
  "NA^0", "NA + x", "x + NA", "1 + 2",
  # elementary functions
  "log(x)", "log(z)", "log(z, 2)", "log(z, base = 10)", "log(z, 3)", "log(base = 2, z)", "log(z, k)", "log(x = z)", "log2(z)", "log10(x)",
  "log1p(u)", "exp(u)", "expm1(u)", "exp(x)", "sqrt(x)", "sqrt(z)", "abs(x)", "sign(x)", "sin(x)", "cos(x)", "tan(u)", "asin(u)",
  "acos(u)", "atan(x)", "asin(x)", "sinh(u)", "cosh(u)", "tanh(x)", "floor(x)", "ceiling(x)", "trunc(x)", "trunc(-1.5)",
  "round(x)", "round(w)", "round(w, 1)", "round(w, 2)", "round(w, digits = -1)", "round(w, -3)", "round(w, 20)", "round(w, 300)", "round(w, -300)", "round(2.5)", "round(w * 1e-7, 8)", "round(z * 1.05, 1)", "round(u / 2, 2)",
  "round(-0.5)", "signif(w, 2)", "signif(w, 1)", "signif(w)", "signif(123456, 2)", "signif(x, digits = 3)", "gamma(z)", "gamma(x)",
  "lgamma(z)", "lgamma(x)", "factorial(k)", "factorial(u)", "atan2(x, z)", "atan2(u, x)", "exp(b)", "sqrt(4)", "log(-1)", "log(0)",
  # row by row
  "pmin(x, z)", "pmax(x, z, k)", "pmax(x, 0)", "pmax(x, 0, na.rm = TRUE)", "pmin(x, NA, na.rm = TRUE)", "pmin(b, a)", "pmax(1, 2)",
  "ifelse(x > 0, x, z)", "ifelse(x > 0, 1, 0)", "ifelse(b, k, -1)", "ifelse(is.na(x), 0, x)", "ifelse(x > 0, 'pos', 'neg')",
  "ifelse(b, as.character(f), as.character(h))", "ifelse(b, as.character(f), 'z')", "ifelse(z > 3, b, a)", "ifelse(b, NA, x)", "ifelse(k, x, z)",
  "ifelse(TRUE, 1, 2)", "ifelse(b, x > 0, FALSE)", "ifelse(f == 'a', NA, 'other')",
  # comparisons and logic
  "x > 0", "x >= 2.5", "x < z", "x <= 2.5", "x == 2.5", "x != 2.5", "k == 2", "b == a", "b == TRUE", "b == 1", "x > NA", "x == NA", "b < a",
  "f == 'b'", "f != 'b'", "'b' == f", "f == 'nowhere'", "f == relevel(f, 'b')", "t == 'a'", "t != 'u'", "t == f", "b == 'TRUE'", "f == NA", "o == 'mid'",
  "o < 'hi'", "o <= 'mid'", "o > 'lo'", "o >= 'mid'", "'mid' < o", "o < p", "o >= p", "o == p", "o > NA", "factor(k) == 2", "factor(k) != 12",
  "b & a", "b | a", "!b", "!x", "b & FALSE", "b | TRUE", "b & NA", "x & z", "xor(b, a)", "!(x > 0) | b", "x > 0 & z > 2", "!2", "1 < 2",
  "'a' == 'b'", "TRUE & NA", "FALSE & NA", "TRUE | NA",
  "x %in% c(1, 2.5)", "k %in% 1:3", "x %in% c(1, NA)", "f %in% c('a', 'b')", "f %in% 'a'", "f %in% c('a', NA)", "t %in% c('u', 'zz')", "b %in% TRUE",
  "factor(k) %in% c(2, 12)", "3 %in% c(1, 3)", "is.na(x)", "is.na(f)", "is.na(b)", "is.na(t)", "is.na(k)", "is.na(z / x)", "is.na(log(x))", "is.na(NA)",
  # conversions
  "as.numeric(b)", "as.numeric(k)", "as.numeric(f)", "as.numeric(h)", "as.numeric(o)", "as.numeric(n)", "as.integer(x)", "as.integer(-1.7)", "as.integer(b)",
  "as.integer(n)", "as.integer(f)", "as.numeric('1e3')", "as.logical(x)", "as.logical(k)", "as.logical(s)", "as.logical('T')", "as.logical(b)",
  "as.character(f)", "as.character(x)", "as.character(w)", "as.character(b)", "as.character(k)", "as.character(1e5)", "as.character(0.1)", "as.character(1 / x)", "as.character(1 / 3)",
  "as.numeric(as.character(factor(k)))", "as.numeric(as.character(x))",
  # categories
  "as.factor(k)", "as.factor(x)", "as.factor(b)", "as.factor(t)", "as.factor(f)", "as.factor(k > 2)", "factor(k)", "factor(w)", "factor(l)",
  "factor(f, levels = c('c', 'a', 'b'))", "factor(f, levels = c('c', 'a'))", "factor(k, levels = c(3, 1, 2))", "factor(k, levels = 1:3)",
  "factor(k, levels = c(1, 2, 3), labels = c('one', 'two', 'three'))", "factor(f, labels = c('u', 'v', 'w'))", "factor(f, labels = c('u', 'v', 'u'))",
  "factor(f, labels = 'L')", "factor(f, ordered = TRUE)", "factor(o, ordered = FALSE)", "factor(o)", "factor(b, labels = c('no', 'yes'))", "factor(round(u))",
  "factor(1e5 * k)", "factor(k / 3)", "factor(-1 / x)", "factor(x * 1e15)", "factor(z / 1e6)", "factor(t, c('u', 'v'))", "ordered(f)", "ordered(t, levels = c('v', 'a', 'u', 'B'))", "ordered(k)", "ordered(k, c(12, 7, 3), c('l', 'm', 's'))",
  "as.ordered(f)", "as.ordered(o)", "as.ordered(k)", "as.ordered(l)", "factor(f, exclude = c('a', NA))", "factor(f, exclude = NA)", "factor(k, exclude = c(2, 7))",
  "factor(f, levels = c('c', 'b', 'a'), exclude = 'b')", "factor(k, exclude = 12, labels = c('i', 'ii', 'iii', 'vii'))", "factor(f, levels = rev(levels(f)))", "factor(f, levels(f), rev(levels(f)))",
  "relevel(f, 'b')", "relevel(f, ref = 'c')", "relevel(f, 2)", "relevel(relevel(f, 'c'), 'b')", "droplevels(l)", "droplevels(o)",
  "interaction(f, h)", "interaction(f, k)", "interaction(f, h, sep = ':')", "interaction(f, h, b)", "interaction(f, h, lex.order = TRUE)", "interaction(f, h, o, lex.order = TRUE)",
  "interaction(f, h, drop = TRUE)", "interaction(f, h, o, drop = TRUE)", "interaction(f, k, drop = TRUE, lex.order = TRUE, sep = '_')", "interaction(l, b, drop = TRUE)", "interaction(a = f, b = h)", "interaction(f, h, drop = FALSE)",
  # intervals
  "cut(x, c(-5, 0, 2.5, 200))", "cut(x, c(-5, 0, 2.5, 200), right = FALSE)", "cut(x, c(-7.3, 0, 2.5, 100), include.lowest = TRUE)",
  "cut(x, c(-7.3, 0, 100), include.lowest = TRUE, right = FALSE)", "cut(z, 3)", "cut(x, 4)", "cut(z, 2, right = FALSE)", "cut(w, 5)", "cut(k, 3)", "cut(z, c(5, 1, 9))",
  "cut(z, c(-Inf, 3, Inf))", "cut(z, c(-5, 3, Inf))", "cut(z, c(-Inf, 3))", "cut(z, c(-Inf, 3, Inf), labels = c('low', 'high'))", "cut(z, 3, labels = FALSE)", "cut(z, 3, dig.lab = 5)", "cut(z, c(0, 3, 9), ordered_result = TRUE)",
  "cut(z, c(1, 1.00001, 1.00002, 10))", "cut(w, c(0, 666.6667, 1000, 30864, 61728))", "cut(z, c(1, 1 + 1e-14, 5))", "cut(z, breaks = c(0, 5, 10), labels = c('a', 'b'), right = FALSE)", "cut(-z, c(-5, -0, 5))",
  "cut(z, quantile(z))", "cut(z, quantile(z), include.lowest = TRUE)", "cut(z, quantile(z, c(0, 0.25, 0.5, 0.75, 1)))", "cut(x, c(-Inf, quantile(x, c(1/3, 2/3), na.rm = TRUE), Inf))", "cut(z, quantile(z, seq(0, 1, 0.25)), labels = FALSE)",
  "cut(z, quantile(z, 0:4 / 4), labels = c('1st', '2nd', '3rd', '4th'))", "cut(z, range(z), include.lowest = TRUE)", "cut(z, seq(0, 9, by = 3))", "cut(z, seq(0, 9, length.out = 4))", "cut(z, seq(9, 0))", "cut(z, c(lo = 0, mid = 3, hi = 9))", "cut(z, 0:3 * 3)", "cut(z, c(1, 2, 5) - 1)", "cut(z, -seq(-9, 0, 3))", "cut(z, exp(seq(-2, 3)))", "cut(z, rev(c(0, 4, 9)))",
  # moments
  "mean(z)", "mean(x, na.rm = TRUE)", "x - mean(x, na.rm = TRUE)", "median(z)", "median(x, na.rm = TRUE)", "sd(z)", "sd(x, na.rm = TRUE)", "var(z)", "var(k)", "sum(z)", "sum(x, z, na.rm = TRUE)",
  "min(z)", "max(z)", "min(x, na.rm = TRUE)", "max(x, z, 3, na.rm = TRUE)", "mean(b, na.rm = TRUE)", "sum(z > 3)", "z / max(z)", "mean(log(z))", "(z - mean(z)) / sd(z)",
  "scale(x)", "scale(z)", "scale(x, center = FALSE)", "scale(x, scale = FALSE)", "scale(z, center = 2)", "scale(z, 2, 10)", "scale(z, scale = 2)", "scale(z, FALSE, FALSE)", "scale(b)", "scale(log(z))", "scale(cbind(x, z))",
  # several columns at once
  "cbind(u = x, v = z)", "cbind(x, b = z^2)", "cbind(a = x, z, c = log(z))", "2 * cbind(x, z)", "cbind(x, z) + cbind(z, x)", "cbind(x, z) / z", "z - cbind(x, z)", "-cbind(x, z)", "cbind(x, z)^2", "log(cbind(z, k))", "exp(poly(z, 2))", "I(2 * poly(z, 2))", "poly(z, 2) * b", "bs(z) * 10",
  "round(cbind(w, z), 1)", "signif(cbind(w, z), 2)", "pmax(cbind(x, z), 0)", "cbind(x, z) %% 2", "cbind(k, z) %/% 2", "abs(cbind(a = x, b = w))", "log(cbind(z, k), 2)", "log(cbind(z, k), 3)", "sqrt(poly(z, 2)^2)", "(cbind(x, z))", "poly(cbind(z, u), degree = 2)", "poly(cbind(z, u), 2, raw = TRUE)",
  # several columns
  "cbind(x, z)", "cbind(x, z, k)", "cbind(x, log(z))", "cbind(log(z), z^2)", "cbind(x, 1)", "cbind(x, b)", "cbind(poly(z, 2), x)",
  "poly(z, 1)", "poly(z, 2)", "poly(z, 3)", "poly(z, degree = 4)", "poly(z, 6)", "poly(k, 2)", "poly(z, 3, raw = TRUE)", "poly(x, 2, raw = TRUE)", "poly(z, k, degree = 2)", "poly(z, u, degree = 3)", "poly(z, u, degree = 2, raw = TRUE)", "poly(1000000 + z, 3)", "poly(log(z), 2)",
  "bs(z)", "bs(x)", "bs(z, df = 5)", "bs(z, df = 4, degree = 1)", "bs(z, knots = c(2, 5))", "bs(z, knots = 4, degree = 2)", "bs(z, df = 6, intercept = TRUE)", "bs(z, Boundary.knots = c(0, 20))", "bs(z, df = 5, Boundary.knots = c(1, 8))", "bs(z, knots = c(3, 3))", "bs(z, 4)", "bs(b + k, df = 4)",
  "ns(z)", "ns(x)", "ns(z, df = 3)", "ns(z, 4)", "ns(z, knots = c(2, 5))", "ns(z, df = 4, intercept = TRUE)", "ns(z, Boundary.knots = c(1, 8))", "ns(z, df = 3, Boundary.knots = c(1, 8))", "ns(x, df = 3)", "ns(u, df = 6)",
  "bs(z, knots = quantile(z, c(0.33, 0.66)))", "ns(z, knots = quantile(z, c(0.33, 0.66)))", "bs(z, knots = c(2, 5) + 0.5)", "bs(z, Boundary.knots = range(z))", "ns(z, knots = median(z))", "bs(x, knots = quantile(x, 1:2 / 3, na.rm = TRUE), degree = 2)",
  "bs(z, knots = c(0.2, 3))", "bs(z, knots = c(3, 9))", "bs(z, knots = c(0.1, 3))", "bs(z, knots = c(3, 12))", "bs(z, knots = c(-1, -0.5, 3, 10, 11))", "bs(z, knots = c(0.2, 0.2), degree = 2)", "bs(z, knots = c(0, 3), degree = 1, intercept = TRUE)", "bs(z, knots = 1.2, Boundary.knots = c(2, 4))", "bs(z, knots = 3, Boundary.knots = c(2, 4))", "bs(z, df = 5, Boundary.knots = c(2, 4))",
  "ns(z, knots = c(0.2, 3))", "ns(z, knots = c(0.1, 3))", "ns(1000 * z, df = 3)"
)

# what R itself keeps when it predicts
kept <- c(
  "scale(x)", "scale(z, center = FALSE)", "scale(z, scale = FALSE)", "scale(log(z + 2))", "poly(z, 1)", "poly(z, 3)", "poly(u, 4)", "poly(z, 2, raw = TRUE)", "poly(z, u, degree = 2)",
  "bs(z)", "bs(x, df = 5)", "bs(z, df = 5)", "bs(z, df = 4, degree = 1)", "bs(z, df = 5, degree = 2)", "bs(z, knots = c(2, 5))", "bs(z, df = 6, intercept = TRUE)", "bs(z, df = 5, Boundary.knots = c(1, 8))",
  "ns(z)", "ns(x, df = 3)", "ns(z, df = 4)", "ns(z, knots = c(2, 5))", "ns(z, df = 4, intercept = TRUE)", "ns(z, df = 3, Boundary.knots = c(1, 8))",
  "bs(z, knots = c(0.2, 3))", "bs(z, knots = c(0.1, 3))", "ns(z, knots = c(0.2, 3))", "bs(z, knots = 3, Boundary.knots = c(2, 4))", "poly(cbind(z, u), degree = 2)"
)
# what it would keep if it did: the same on new rows with the numbers of the fit written out
written_out <- list(
  c("x - mean(x, na.rm = TRUE)", "new$x - mean(fit$x, na.rm = TRUE)"), c("z / max(z)", "new$z / max(fit$z)"), c("(z - mean(z)) / sd(z)", "(new$z - mean(fit$z)) / sd(fit$z)"),
  c("I(scale(z)^2)", "((new$z - mean(fit$z)) / sd(fit$z))^2"), c("z > median(z)", "new$z > median(fit$z)"), c("z - min(z) - sum(z) - var(z)", "new$z - min(fit$z) - sum(fit$z) - var(fit$z)"),
  c("cut(z, 3)", "cut(new$z, {r <- range(fit$z); b <- seq(r[1], r[2], length.out = 4); b[c(1, 4)] <- c(r[1] - diff(r) / 1000, r[2] + diff(r) / 1000); b})"),
  c("factor(k)", "factor(new$k, levels = levels(factor(fit$k)))"), c("ordered(k)", "ordered(new$k, levels = levels(factor(fit$k)))"),
  c("ifelse(u > 0.65, 'pos', 'neg')", "factor(ifelse(new$u > 0.65, 'pos', 'neg'), levels = c('neg', 'pos'))"),
  c("quantile(z, 0.3)", "unname(quantile(fit$z, 0.3))"), c("cut(z, quantile(z))", "cut(new$z, quantile(fit$z))"), c("cut(z, range(z))", "cut(new$z, range(fit$z))"), c("bs(z, knots = quantile(z, c(0.33, 0.66)))", "suppressWarnings(bs(new$z, knots = quantile(fit$z, c(0.33, 0.66)), Boundary.knots = range(fit$z)))"),
  c("interaction(factor(k), k > 2, drop = TRUE)", "factor(paste(new$k, new$k > 2, sep = '.'), levels = levels(interaction(factor(fit$k), fit$k > 2, drop = TRUE)))"), c("factor(k, exclude = 2)", "factor(new$k, levels = c(1, 3, 7, 12))"), c("I(2 * poly(z, 2))", "2 * predict(poly(fit$z, 2), new$z)"), c("2 * bs(z)", "2 * suppressWarnings(predict(bs(fit$z), new$z))"), c("scale(cbind(x, z))", "scale(new[c('x', 'z')], colMeans(fit[c('x', 'z')], na.rm = TRUE), sapply(fit[c('x', 'z')], sd, na.rm = TRUE))")
)
# treatment contrasts with a base of one's own
bases <- c("C(f, contr.treatment(3, base = 2))", "C(f, contr.treatment(3, 3))", "C(f, contr.treatment(n = 3, base = 1))", "C(f, contr.SAS)", "C(f, contr.treatment)", "C(f, contr.treatment(3))", "C(o, SAS)", "C(f, 'contr.SAS')", "C(f, contr.SAS(3))", "C(o, contr.treatment(3, base = 2))",
  # how many of them, and contrasts that are written out and completed
  "C(f, contr.treatment, base = 2)", "C(f, treatment, base = 3)", "C(f, contr.sum, 1)", "C(f, sum, how.many = 1)", "C(f, contr.treatment, 1, base = 2)", "C(o, contr.poly, 1)", "C(f, contr.helmert, 1)", "C(f, contr.treatment, 2)", "C(f, treatment, 1)", "C(f, SAS, 1)", "C(f, contr.SAS, how.many = 1)", "C(f, contr.sum, 3)", "C(f, contr.treatment(levels(f), base = 2))", "C(f, contr.treatment(c('a', 'b', 'c'), 3))",
  "C(f, c(1, 0, -1))", "C(f, (c(0, 0, 1)))", "C(f, c(1, -1, 0) / 2)", "C(f, -c(1, 0, -1), 1)", "C(f, cbind(c(1, 0, -1), c(0, 1, -1)))", "C(f, cbind(u = c(1, 0, -1), v = c(1, -2, 1)))", "C(f, rbind(c(1, 0), c(0, 1), c(-1, -1)))", "C(f, matrix(c(1, 0, -1, 0, 1, -1), 3))", "C(f, matrix(c(1, 0, -1, 0, 1, -1), ncol = 2))", "C(f, matrix(c(1, 0, 0, 1, -1, -1), 3, byrow = TRUE))", "C(f, matrix(c(1, 0, -1), nrow = 3))", "C(f, cbind(c(1, 0, 0), c(0, 1, 0), c(0, 0, 1)))", "C(f, c(1, 0, -1), 1)",
  "C(as.factor(k), c(2, 1, 0, -1, -2))", "C(as.factor(k), cbind(c(2, 1, 0, -1, -2), c(1, 0, 0, 0, -1)), 3)")

encoded <- function(value) {
  if (is.character(value) && length(value) > 1) value <- factor(value)
  if (is.factor(value)) return(list(kind = "category", labels = as.character(value), levels = levels(value), ordered = is.ordered(value)))
  if (is.matrix(value) && (ncol(value) > 1 || inherits(value, c("poly", "basis")))) {
    names <- colnames(value)
    return(list(kind = "matrix", values = unname(unclass(value)[, , drop = FALSE]), names = if (is.null(names)) as.character(seq_len(ncol(value))) else names))
  }
  value <- unname(as.vector(value))
  if (length(value) == 1) return(list(kind = "constant", value = unbox(value)))
  list(kind = if (is.logical(value)) "truth" else "numbers", values = value)
}

on_fit <- lapply(expressions, function(text) encoded(suppressWarnings(eval(parse(text = text)[[1]], fit))))
predicted <- function(text) {
  frame <- model.frame(as.formula(paste("~", text)), fit, na.action = na.pass)
  encoded(suppressWarnings(model.frame(attr(frame, "terms"), new, na.action = na.pass))[[1]])
}
on_new <- c(lapply(kept, predicted), lapply(written_out, function(pair) encoded(eval(parse(text = pair[2])[[1]]))))
contrasts_of <- lapply(bases, function(text) {
  coding <- contrasts(eval(parse(text = text)[[1]], fit))
  list(kind = "matrix", values = unname(coding), names = if (is.null(colnames(coding))) as.character(seq_len(ncol(coding))) else colnames(coding))
})
columns <- function(data) lapply(data, function(column) list(
  type = class(column)[length(class(column))], ordered = unbox(is.ordered(column)), values = if (is.factor(column)) as.character(column) else column,
  levels = if (is.factor(column)) levels(column)
))
result <- list(
  software = list(R = unbox(paste(R.version$major, R.version$minor, sep = "."))), fit = columns(fit), new = columns(new),
  on_fit = setNames(on_fit, expressions), on_new = setNames(on_new, c(kept, sapply(written_out, `[`, 1))), contrasts = setNames(contrasts_of, bases)
)
entry <- function(name) {
  lines <- sapply(names(result[[name]]), function(key) paste0("  ", toJSON(key, auto_unbox = TRUE), ": ", toJSON(result[[name]][[key]], digits = NA)))
  paste0(" ", toJSON(name, auto_unbox = TRUE), ": {\n", paste(lines, collapse = ",\n"), "\n }")
}
writeLines(paste0("{\n", paste(sapply(names(result), entry), collapse = ",\n"), "\n}"), commandArgs(TRUE)[1])
