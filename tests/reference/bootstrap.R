# Refits to other responses by lme4, intervals by boot, likelihood-ratio tests by pbkrtest, on the models of bootstrap.py.
#   Rscript bootstrap.R FOLDER OUT.json     FOLDER as written by `python -m reference.bootstrap FOLDER`
# The optimum is that of a search with narrow tolerances from three starts.
suppressMessages({library(jsonlite); library(lme4); library(pbkrtest); library(boot)})
options(warn = -1)
arguments <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(file.path(arguments[1], "cases.json"), simplifyVector = FALSE)
rows <- read.csv(file.path(arguments[1], "rows.csv"))
responses <- read.csv(file.path(arguments[1], "responses.csv"))
t <- read.csv(file.path(arguments[1], "sample.csv"))$t

narrow <- function(fn, par, lower, upper, control) {
  found <- lapply(list(par, 0.3 * par, 2 * par), function(start) nloptwrap(pmax(start, lower), fn, lower, upper,
    control = list(xtol_abs = 1e-11, ftol_abs = 1e-13, xtol_rel = 0, ftol_rel = 0, maxeval = 20000)))
  found[[which.min(sapply(found, function(f) f$fval))]]
}
fit <- function(text, weights, y, reml) {
  data <- rows
  data$y <- y
  data$weight <- if (is.null(weights)) 1 else data[[weights]]
  suppressMessages(lmer(as.formula(text), data, REML = reml, weights = weight,
    control = lmerControl(optimizer = "narrow", calc.derivs = FALSE)))
}
parameters <- function(m) {
  v <- as.data.frame(VarCorr(m), order = "lower.tri")
  c(v$sdcor, fixef(m))
}
models <- lapply(cases, function(case) {
  refits <- lapply(responses, function(y) {
    m <- fit(case$formula, case$weights, y, TRUE)
    list(criterion = REMLcrit(m), parameters = unname(parameters(m)), singular = isSingular(m, tol = 1e-4),
         ratio = as.numeric(2 * (logLik(fit(case$formula, case$weights, y, FALSE)) -
                                 logLik(fit(case$smaller, case$weights, y, FALSE)))))
  })
  large <- fit(case$formula, case$weights, rows$y, FALSE)
  small <- fit(case$smaller, case$weights, rows$y, FALSE)
  ratios <- sapply(refits, function(r) r$ratio)
  test <- PBmodcomp(large, small, ref = ratios)$test
  list(refits = unname(refits), test = list(stat = test$stat, df = test$df[1], p = test$p.value))
})
observed <- 2.8
made <- list(t0 = observed, t = matrix(t), R = length(t), call = quote(boot(R = 300)), data = t, sim = "ordinary")
class(made) <- "boot"
limits <- function(level) {
  found <- boot.ci(made, conf = level, type = c("norm", "basic", "perc"))
  list(percentile = found$percent[4:5], basic = found$basic[4:5], normal = found$normal[2:3])
}
versions <- lapply(c(lme4 = "lme4", pbkrtest = "pbkrtest", boot = "boot"), function(p) as.character(packageVersion(p)))
versions$R <- R.version.string
write(toJSON(list(versions = versions, models = models, observed = observed,
                  limits = list(`0.95` = limits(0.95), `0.9` = limits(0.9))), digits = 14, auto_unbox = TRUE), arguments[2])
