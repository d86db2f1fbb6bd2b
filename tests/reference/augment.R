# What broom and broom.mixed add to the rows of models: reads augment.csv, writes augment.json.
#   Rscript augment.R     in the folder that `python -m reference.augment FOLDER` wrote; jsonlite, lme4, broom, broom.mixed
suppressMessages({library(jsonlite); library(lme4); library(broom); library(broom.mixed)})
d <- read.csv("augment.csv")
control <- lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14), calc.derivs = FALSE)
end <- list(epsilon = 1e-15, maxit = 100)
models <- list(
  one = lmer(y ~ x + (1 + x | g), d, control = control),
  weights = lmer(y ~ x + z + (1 | g) + (1 | h), d, weights = w, offset = o, REML = FALSE, control = control),
  linear = lm(y ~ x + z, d),
  logit = glm(yes ~ x, binomial, d, control = end),
  counts = glm(count ~ x + z, Gamma(link = "log"), d, control = end),
  mixed = glmer(yes ~ x + (1 | g), d, binomial, nAGQ = 1)
)
added <- lapply(models, function(m) {
  found <- suppressWarnings(as.data.frame(augment(m)))
  as.list(found[grepl("^[.]", names(found)) & names(found) != ".rownames"])
})
versions <- list(R = as.character(getRversion()), broom = as.character(packageVersion("broom")),
                 broom.mixed = as.character(packageVersion("broom.mixed")), lme4 = as.character(packageVersion("lme4")))
writeLines(toJSON(list(versions = versions, models = added), digits = 15, auto_unbox = FALSE), "augment.json")
