# Intervals, on the twin: Wald's and profiles by lme4, and refits by its bootMer.
#   Rscript after_intervals.R FOLDER after_intervals.json     FOLDER as written by `python -m reference.after_pages FOLDER`
# Of the bootstrap, whose random numbers are R's, the limits come with their own standard errors, from 40 parts.
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "after_pages.R"))
pupils <- rows("imm10")
NSIM <- 4000

m <- fit(math ~ homework + (homework | schnum), "pupils")
ends <- function(x) setNames(flat(x, colnames(x), c("from", "to")), names(flat(x, colnames(x), c("from", "to"))))
wald <- confint(m, parm = "beta_", method = "Wald")
profiled <- suppressWarnings(suppressMessages(confint(m, oldNames = FALSE)))

both <- fit(math ~ homework + ses + meanses + (homework | schnum), "pupils")
hard <- suppressWarnings(suppressMessages(confint(both, oldNames = FALSE)))

everything <- function(m) {
  found <- as.data.frame(VarCorr(m), order = "lower.tri")
  c(found$sdcor, fixef(m))
}
drawn <- suppressWarnings(suppressMessages(bootMer(m, everything, nsim = NSIM, seed = 16)))$t
percentile <- function(rows) apply(drawn[rows, ], 2, quantile, c(0.025, 0.975))
limits <- percentile(seq_len(NSIM))
parts <- simplify2array(lapply(split(seq_len(NSIM), rep(1:40, length.out = NSIM)), percentile))
errors <- apply(parts, 1:2, sd) / sqrt(40)
boot <- function(x) setNames(as.list(c(t(x))), c(paste(rownames(profiled), "from"), paste(rownames(profiled), "to")))
write_checks(list(wald = ends(wald), profile = ends(profiled), hard = ends(hard), boot = boot(limits), errors = boot(errors)))
