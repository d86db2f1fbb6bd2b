# What follows a fit, by lme4 and lmerTest, on designs of designs.py: Satterthwaite tables, covariance matrices,
# every random effect with its conditional standard deviation, intervals, model comparisons and predictions.
#   Rscript inference.R FOLDER differential.json OUT.json
# The fits start at the best optimum of differential.json and use tight tolerances.
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "fit.R"))
suppressPackageStartupMessages(library(lmerTest))

tight <- lmerControl(
  optimizer = "nloptwrap", optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, maxeval = 10000), calc.derivs = FALSE
)

# key of the design; then the smaller models it is compared with; profile = TRUE where profiles are asked for
cases <- list(
  intercept_02 = list(smaller = "y ~ 1 + (1 | g)", profile = TRUE),
  intercept_07 = list(smaller = "y ~ x1 + (1 | g)"),
  intercept_12 = list(smaller = c("y ~ 1 + (1 | g)", "y ~ 1 + x1 + x2 + (1 | g)")),
  slope_01 = list(smaller = c("y ~ x1 + (1 | g)", "y ~ x1 + (x1 || g)"), profile = TRUE),
  slope_06 = list(smaller = c("y ~ 1 + (1 | g)", "y ~ x1 + (1 | g)")),
  slope_14 = list(smaller = "y ~ x1 + x2 + (1 | g)"),
  slope_21 = list(smaller = "y ~ x1 + (1 + x1 | g)"),
  two_slopes_01 = list(smaller = "y ~ x1 + x2 + (1 + x1 | g)"),
  two_slopes_04 = list(smaller = "y ~ x1 + x2 + (0 + x1 + x2 | g)"),
  uncorrelated_04 = list(smaller = "y ~ x1 + (1 | g)", profile = TRUE),
  several_terms_02 = list(smaller = "y ~ x1 + x2 + (1 + x1 | g)"),
  factor_slopes_03 = list(smaller = "y ~ f + (1 | g)"),
  nested_01 = list(smaller = "y ~ x1 + (1 | a)", profile = TRUE),
  nested_06 = list(smaller = "y ~ x1 + x2 + (1 | a)"),
  crossed_02 = list(smaller = c("y ~ 1 + (1 | a) + (1 | b)", "y ~ x1 + x2 + (1 | a)"), profile = TRUE),
  crossed_03 = list(smaller = "y ~ x1 + (1 | a) + (1 | b)"),
  crossed_08 = list(smaller = "y ~ x1 + (1 | a) + (1 | b)"),
  interaction_01 = list(smaller = "y ~ 1 + (1 | a:b)"),
  weights_02 = list(smaller = "y ~ x1 + (1 | g)"),
  categorical_02 = list(smaller = c("y ~ f + (1 | g)", "y ~ f + x1 + (1 | g)")),
  categorical_03 = list(smaller = "y ~ f + h + (1 | g)"),
  tiny_06 = list(smaller = "y ~ 1 + (1 | g)")
)

as_table <- function(x) c(list(rows = I(rownames(x))), lapply(as.list(as.data.frame(x)), function(column) I(column)))

comparison <- function(m, data, smaller, entry) {
  fits <- lapply(smaller, function(formula) fit_tight(formula, data, entry$reml, entry))
  table <- suppressWarnings(suppressMessages(do.call(anova, c(list(m), fits))))
  list(formulas = I(as.character(smaller)), table = as_table(as.data.frame(table)))
}

fit_tight <- function(formula, data, reml, entry, start = NULL) {
  arguments <- list(formula = as.formula(formula), data = data, REML = reml, control = tight)
  if (nzchar(entry$weights)) arguments$weights <- data$w
  arguments$start <- start
  suppressMessages(suppressWarnings(do.call(lmerTest::lmer, arguments)))
}

# rows 1 to 5, then row 6 in groups that were not seen
predictions <- function(m, data) {
  new <- data[1:6, ]
  for (name in unique(unlist(strsplit(names(ranef(m, condVar = FALSE)), ":")))) {
    new[[name]] <- as.character(new[[name]])
    new[[name]][6] <- "unseen"
  }
  list(
    conditional = I(unname(predict(m, new, allow.new.levels = TRUE))),
    fixed = I(unname(predict(m, new, re.form = NA))),
    fitted = I(unname(fitted(m)[1:5])), residual = I(unname(resid(m)[1:5])),
    pearson = I(unname(resid(m, type = "pearson", scaled = TRUE)[1:5]))
  )
}

read_design <- function(entry, folder) {
  data <- read.csv(file.path(folder, paste0(entry$key, ".csv")), stringsAsFactors = TRUE)
  for (name in unlist(entry$numeric_factors)) data[[name]] <- factor(data[[name]])
  data
}

reference <- function(entry, case, folder, theta) {
  data <- read_design(entry, folder)
  m <- fit_tight(entry$formula, data, entry$reml, entry, start = list(theta = theta))
  stopifnot(is(m, "lmerModLmerTest"), !isSingular(m))
  effects <- as.data.frame(ranef(m, condVar = TRUE))
  result <- list(
    formula = entry$formula, reml = entry$reml, hash = entry$hash,
    coefficients = as_table(coef(summary(m))), vcov = unname(as.matrix(vcov(m))),
    type3 = as_table(anova(m, type = 3)),
    ranef = lapply(effects, function(column) I(if (is.factor(column)) as.character(column) else column)),
    wald = as_table(confint(m, method = "Wald")[names(fixef(m)), , drop = FALSE]),
    comparison = comparison(m, data, case$smaller, entry), prediction = predictions(m, data),
    df_resid = df.residual(m), aic = AIC(m), bic = BIC(m), loglik = as.numeric(logLik(m)),
    deviance_ml = deviance(refitML(m))
  )
  if (isTRUE(case$profile)) {
    # the interpolation of confint() is through few points: profile finely
    plain <- lme4::lmer(as.formula(entry$formula), data, REML = FALSE, control = tight)
    profile <- suppressWarnings(profile(plain, delta = 0.1, devtol = 1e-7, signames = FALSE))
    result$profile_ml <- as_table(confint(profile))
  }
  result
}

arguments <- commandArgs(trailingOnly = TRUE)
manifest <- fromJSON(file.path(arguments[1], "manifest.json"), simplifyVector = FALSE)
names(manifest) <- sapply(manifest, `[[`, "key")
fits <- fromJSON(arguments[2], simplifyVector = TRUE)$fits
results <- lapply(names(cases), function(key) {
  tryCatch(
    reference(manifest[[key]], cases[[key]], arguments[1], fits[[key]]$best$theta),
    error = function(e) stop(key, ": ", conditionMessage(e))
  )
})
names(results) <- names(cases)
write_entries(software("lmerTest"), results, arguments[3])
