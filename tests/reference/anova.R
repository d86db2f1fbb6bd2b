# How R compares linear models: reference for tests/inference/test_anova.py. Rows are summary_data.csv's.
# Run in this folder: Rscript anova.R
suppressMessages({library(jsonlite); library(lme4)})
options(useFancyQuotes = FALSE, width = 80)
d <- read.csv("summary_data.csv")
d$f <- factor(d$f, levels = c("low", "mid", "high"))
d$large <- d$y * 1e6; d$small <- d$y * 1e-6

exact <- function(x) ifelse(is.nan(x), "NaN", ifelse(is.na(x), NA, sprintf("%.17g", x)))
text <- function(object) strsplit(paste(capture.output(print(object)), collapse = "\n"), "\n")[[1]]
small <- "y ~ x"; middle <- "y ~ x + z + w"; large <- "y ~ x + z + w + f"
powers <- c("y ~ 1", sapply(2:10, function(k) paste0("y ~ x + z + w + f + ", paste0("I(x^", 2:k, ")", collapse = " + "))))
cases <- list(
  list(what = "two", formulas = c(small, middle)), list(what = "three", formulas = c(small, middle, large)),
  list(what = "descending", formulas = c(large, middle, small)),
  list(what = "any order", formulas = c(middle, "y ~ 1", large)),
  list(what = "as many", formulas = c(small, "y ~ z")), list(what = "as many, then more", formulas = c(small, "y ~ z", large)),
  list(what = "two largest", formulas = c("y ~ 1", "y ~ z", "y ~ x")),
  list(what = "the same", formulas = c(small, small)),
  list(what = "larger and worse", formulas = c("y ~ x", "y ~ 0 + z + w + I(w^2)")),
  list(what = "saturated", formulas = c("y ~ 1", middle), rows = 4),
  list(what = "three, one saturated", formulas = c("y ~ 1", "y ~ z", middle), rows = 4),
  list(what = "one degree of freedom", formulas = c("y ~ 1", "y ~ x", middle), rows = 5),
  list(what = "offsets", formulas = c("y ~ offset(z)", "y ~ x + offset(z)", "y ~ x + z")),
  list(what = "another offset", formulas = c(small, "y ~ x + offset(z)")),
  list(what = "large numbers", formulas = c("large ~ x", "large ~ x + z")),
  list(what = "small numbers", formulas = c("small ~ x", "small ~ x + z")),
  list(what = "interactions", formulas = c("y~x+f", "y~x*f")),
  list(what = "ten models", formulas = powers),
  list(what = "three digits", formulas = c(small, middle, large), digits = 3),
  list(what = "ten digits", formulas = c(small, middle, large), digits = 10))
linear <- lapply(cases, function(case) {
  rows <- if (is.null(case$rows)) nrow(d) else case$rows
  part <- d[seq_len(rows), ]
  fits <- lapply(case$formulas, function(one) eval(bquote(lm(.(as.formula(one)), data = part))))
  options(digits = if (is.null(case$digits)) 7 else case$digits)
  table <- do.call(anova, fits)
  out <- c(case[c("what", "formulas")], list(rows = rows, digits = getOption("digits"), text = text(table)))
  options(digits = 7)
  c(out, list(table = lapply(as.list(table), exact), loglik = exact(sapply(fits, function(m) as.numeric(logLik(m))))))
})

tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
mixed <- lmer(y ~ x + (1 | g), d, REML = FALSE, control = tight)
known <- lmer(y ~ x + (1 | g), d, REML = FALSE, offset = z, control = tight)
free <- lmer(y ~ x + z + (1 | g), d, REML = FALSE, control = tight)
linear_one <- lm(y ~ x, d)
writeLines(toJSON(list(
  about = list(R = R.version.string, lme4 = as.character(packageVersion("lme4"))),
  linear = linear,
  with_mixed = list(text = text(anova(mixed, linear_one)), table = lapply(as.list(anova(mixed, linear_one)), exact)),
  offset = list(table = lapply(as.list(anova(known, free)), exact))
), auto_unbox = TRUE, pretty = 1, na = "null"), "anova.json")
