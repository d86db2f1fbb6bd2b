# Random effects whose correlations do not fit the width, printed at several widths: wrapped_correlations.json.
# Run: Rscript wrapped_correlations.R > wrapped_correlations.json
suppressMessages({ library(lme4); library(jsonlite) })

at <- seq_len(480)
d <- data.frame(
  ward = factor(at %% 24), team = factor(at %/% 30),
  dose = sin(at * 1.7), duration = cos(at * 0.9), temperature = sin(at^1.3), pressure_of_air = cos(at^1.1)
)
own <- function(g, k) sin(as.integer(g) * k)
d$response <- 2 + d$dose + own(d$ward, 2.1) + own(d$team, 1.3) + own(d$ward, 3.7) * d$dose +
  own(d$ward, 0.7) * d$temperature + own(d$team, 5.3) * d$duration + sin(at^1.7) * 2

fits <- list(
  one = response ~ dose + (dose + duration + temperature + pressure_of_air | ward),
  two = response ~ dose + (dose + duration + temperature + pressure_of_air | ward) + (duration + dose | team)
)
printed <- function(fit, width) {
  options(width = width)
  list(summary = capture.output(print(summary(fit), correlation = FALSE)),
       VarCorr = capture.output(print(VarCorr(fit), comp = c("Variance", "Std.Dev."))))
}
out <- lapply(fits, function(formula) {
  fit <- suppressMessages(suppressWarnings(lmer(formula, d)))
  sapply(c("200", "70", "62", "54"), function(width) printed(fit, as.integer(width)), simplify = FALSE)
})
cat(toJSON(out, auto_unbox = FALSE, pretty = 1), "\n")
