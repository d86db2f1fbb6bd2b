# Reports, tests, variance shares, r squared, effects and rescaling by R: reference for the tests of summary, lm,
# anova, variance, effect and prepare. The data are simulated here. Run in this folder: Rscript summary_models.R
# Fits are driven to tight tolerances, so that printed digits do not hang on where the optimiser stopped.
suppressMessages({library(jsonlite); library(lme4); library(effects); library(performance)})
options(useFancyQuotes = FALSE, width = 80)
set.seed(832)

n <- 180
d <- data.frame(g = rep(1:15, length.out = n), h = sample(letters[1:6], n, replace = TRUE),
                f = factor(sample(c("low", "mid", "high"), n, replace = TRUE), levels = c("low", "mid", "high")),
                x = round(rnorm(n, 2, 1.5), 3), z = round(runif(n, -1, 3), 3))
d$w <- round(rnorm(15), 2)[d$g]
u <- rnorm(15, 0, 2); s <- rnorm(15, 0, .8); v <- rnorm(6, 0, 1)
d$y <- round(10 + .7 * d$x - .4 * d$z + 1.1 * (d$f == "high") + u[d$g] + s[d$g] * d$x + v[match(d$h, letters)] +
               rnorm(n, 0, 1.7), 3)
d$binary <- as.integer(d$z > 1)
write.csv(d, "summary_data.csv", row.names = FALSE)
gap <- d; gap$y[c(3, 50)] <- NA; gap$x[7] <- NA

exact <- function(x) ifelse(is.na(x), NA, sprintf("%.17g", x))
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
text <- function(object, ...) {
  out <- paste(capture.output(print(object, ...)), collapse = "\n")
  strsplit(sub("Control: tight\n", "", out), "\n")[[1]]
}
lm_formulas <- c("y ~ x", "y ~ x + f + I(2 * x)", "y ~ 1", "y ~ 0 + x", "y ~ x * f + z", "log(y + 20) ~ x + w")
lms <- lapply(lm_formulas, function(text_) {
  m <- eval(bquote(lm(.(as.formula(text_)), data = d)))
  options(digits = 3); short <- text(summary(m)); options(digits = 7)
  list(formula = text_, text = text(summary(m)), short = short)
})
few <- lapply(c(4, 7, 8), function(k) { part <- d[1:k, ]; list(rows = k, text = text(summary(lm(y ~ x, data = part)))) })
missing <- text(summary(lm(y ~ x + z, data = gap)))

fits <- list(
  list("y ~ 1 + (1 | g)", TRUE), list("y ~ x + f + (1 | g)", FALSE), list("y ~ x + z + w + (x | g)", TRUE),
  list("y ~ x * f + w + (1 + x | g) + (1 | h)", FALSE), list("y ~ x + z + (x + z | g)", TRUE),
  list("y ~ x * w + f * z + (x || g)", TRUE), list("y ~ 0 + f + (1 | g)", TRUE), list("y ~ x + (0 + z | g)", TRUE))
model <- function(fit, verb = quote(lmer)) {
  eval(bquote(.(verb)(.(as.formula(fit[[1]])), data = d, REML = .(fit[[2]]), control = tight)))
}
lmers <- lapply(fits, function(fit) {
  m <- suppressMessages(model(fit))
  options(digits = 3, scipen = 8); short <- text(summary(m)); options(digits = 7, scipen = 0)
  tested <- suppressMessages(model(fit, quote(lmerTest::lmer)))
  i <- suppressWarnings(icc(m)); r <- suppressWarnings(r2_nakagawa(m))
  list(formula = fit[[1]], reml = fit[[2]], text = text(summary(m)), short = short, tested = text(summary(tested)),
       singular = isSingular(m), aic = AIC(m), icc = if (length(i) > 1) exact(unlist(i[c("ICC_adjusted", "ICC_unadjusted")])),
       r2 = if (length(r) > 1) exact(c(r$R2_conditional, r$R2_marginal)))
})
crossed <- lmer(y ~ x + (1 | g) + (1 | h), data = d, control = tight)
by_group <- icc(crossed, by_group = TRUE)

m1 <- lmer(y ~ x + (1 | g), data = d, control = tight)
m2 <- lmer(y ~ x + z + w + (1 | g), data = d, control = tight)
m3 <- lmer(y ~ x + z + w + (x | g), data = d, control = tight)
a123 <- suppressMessages(anova(m1, m2, m3))
anovas <- list(list(names = c("m1", "m2", "m3"), text = text(a123), table = lapply(a123, exact)),
               list(names = c("m1", "m2"), text = text(suppressMessages(anova(m1, m2)))),
               list(names = c("m2", "m3"), text = text(suppressMessages(anova(m3, m2)))))

effect_cases <- list(
  list("y ~ x * f + z + (1 | g)", "x", NULL), list("y ~ x * f + z + (1 | g)", "f", NULL),
  list("y ~ x * z + f + w + (x | g)", c("x", "z"), list(z = c(-.5, 1, 2.5))),
  list("y ~ x * z + f + w + (x | g)", "w", NULL), list("y ~ x * z + f + w + (x | g)", "x", NULL))
effect_out <- lapply(effect_cases, function(case) {
  m <- eval(bquote(lmer(.(as.formula(case[[1]])), data = d, control = tight)))
  grid <- c(case[[3]], if (!"x" %in% names(case[[3]]) && "x" %in% case[[2]]) list(x = c(-1, 0, 2, 5)))
  e <- suppressMessages(as.data.frame(Effect(case[[2]], m, xlevels = grid)))
  list(formula = case[[1]], focal = case[[2]], frame = lapply(e, function(x) if (is.numeric(x)) exact(x) else as.character(x)))
})
linear <- lm(y ~ x * f + z, data = d)
e <- as.data.frame(Effect("x", linear, xlevels = list(x = c(-1, 0, 2, 5))))
effect_lm <- list(formula = "y ~ x * f + z", focal = "x", frame = lapply(e, exact))

rescaled <- list(
  list(x = exact(d$x[1:20]), y = exact(arm::rescale(d$x[1:20]))),
  list(x = exact(d$binary[1:20]), y = exact(arm::rescale(d$binary[1:20]))),
  list(x = exact(c(5, NA, 7, 5, NA)), y = exact(arm::rescale(c(5, NA, 7, 5, NA)))),
  list(x = exact(c(5, NA, 7, 9.5, NA)), y = exact(arm::rescale(c(5, NA, 7, 9.5, NA)))))

versions <- c(R = R.version.string, vapply(c("lme4", "lmerTest", "effects", "performance", "insight", "arm"),
                                           function(p) as.character(packageVersion(p)), ""))
out <- list(versions = as.list(versions), lm = lms, lm_few = few, lm_missing = missing, lmer = lmers,
            icc_by_group = list(group = by_group$Group, icc = exact(by_group$ICC)), icc_text = capture.output(print(icc(m1))),
            icc_by_group_text = capture.output(print(by_group)), r2_text = capture.output(print(r2_nakagawa(m1))),
            anova = anovas, effect = effect_out, effect_lm = effect_lm, rescale = rescaled)
writeLines(toJSON(out, auto_unbox = TRUE, na = "null", null = "null", digits = 15, pretty = 1), "summary_models.json")
