# What lme4 does at the boundary, seen from outside: it is given quadratic criteria and an optimiser that stops where it
# is told to, and every evaluation that lme4 makes besides is noted. `ends` are thetas; the criterion is
# sum((theta - centre)^2 * weight).   Rscript reference/edges.R reference/edges.json
suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
})
set.seed(1)
rows <- data.frame(g = factor(rep(1:8, 6)), h = factor(rep(1:6, each = 8)), x = rnorm(48), y = rnorm(48))
formulas <- list(`1` = y ~ x + (1 | g), `2` = y ~ x + (1 | g) + (1 | h), `3` = y ~ x + (x || g) + (1 | h))
case <- function(centre, ends, weight = rep(1, length(centre))) list(centre = centre, weight = weight, ends = ends)
cases <- list(
  interior = case(1, list(0.5)),
  `next to 0, lower at 0` = case(c(-1, -1), list(c(5e-6, 0.3))),
  `both next to 0, lower at 0` = case(c(-1, -1), list(c(5e-6, 3e-6))),
  `the second is compared with the end` = case(c(-1, 1), list(c(5e-6, 3e-6))),
  `both next to 0, higher at 0` = case(c(1, 1), list(c(5e-6, 3e-6))),
  equal = case(c(1, 1), list(c(5e-6, 3e-6)), c(0, 0)),
  `exactly the tolerance` = case(c(-1, -1), list(c(1e-5, 0.3))),
  `at 0, rising` = case(c(-1, 1), list(c(0, 0.3))),
  `at 0, falling` = case(c(1, 1), list(c(0, 0.3), c(1, 1))),
  `at 0, falling, and again` = case(c(1, 1), list(c(0, 0.3), c(0, 0.4), c(1, 1))),
  `at 0, falling, and found worse` = case(c(1, 1), list(c(0, 0.3), c(3, 3))),
  `both at 0, the second falls` = case(c(-1, 1), list(c(0, 0), c(0, 0.2))),
  `searched again, then next to 0` = case(c(1, -1), list(c(0, 4e-6), c(3e-6, 2e-6))),
  `down, up, down` = case(c(-1, 1, -1), list(c(3e-6, 4e-6, 5e-6))),
  `all down by the first` = case(c(-2, 1, 1), list(c(3e-6, 4e-6, 5e-6)))
)
observe <- function(one) {
  value <- do.call(mkLmerDevfun, lFormula(formulas[[as.character(length(one$centre))]], rows))
  inner <<- value
  seen <<- starts <<- list()
  searching <<- FALSE
  noting <- function(theta) {
    inner(theta) # lme4 reads theta from what its deviance function was given last
    if (!searching) seen[[length(seen) + 1]] <<- theta + 0
    sum((theta - now$centre)^2 * now$weight)
  }
  environment(noting) <- environment(value)
  now <<- one
  told <<- function(par, fn, lower, upper, control = list(), ...) {
    starts[[length(starts) + 1]] <<- par + 0
    searching <<- TRUE
    found <- fn(one$ends[[length(starts)]])
    searching <<- FALSE
    list(par = one$ends[[length(starts)]], fval = found, feval = 1L, conv = 0, message = "")
  }
  ended <- optimizeLmer(noting, optimizer = "told", calc.derivs = FALSE)
  list(
    centre = I(one$centre), weight = I(one$weight), ends = lapply(one$ends, I), searches = unbox(length(starts)),
    again = if (length(starts) > 1) I(starts[[2]]), theta = I(ended$par)
  )
}
out <- lapply(cases, observe)
software <- lapply(c(R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4"))), unbox)
writeLines(gsub('},"', '},\n"', toJSON(list(software = software, cases = out), digits = NA), fixed = TRUE), commandArgs(TRUE)[1])
