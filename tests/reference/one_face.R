# What R's broom, broom.mixed, lme4, stats and effects make of fitted models: columns and rows of tidy, glance, confint
# and coef, and effects of cells that no row has. On summary_data.csv. Run in this folder: Rscript one_face.R
# Fits are driven to tight tolerances, so that digits do not hang on where the optimiser stopped.
suppressMessages({library(jsonlite); library(lmerTest); library(broom); library(broom.mixed); library(effects)})

d <- read.csv("summary_data.csv", stringsAsFactors = TRUE)
d$f <- factor(d$f, levels = c("low", "mid", "high"))
d$twice <- 2 * d$x
d$g.1 <- d$h
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
exact <- function(x) if (is.numeric(x)) ifelse(is.na(x), NA, sprintf("%.17g", x)) else as.character(x)
columns <- function(table) lapply(as.list(as.data.frame(table)), exact)
named <- function(table) list(rows = rownames(table), heads = colnames(table), values = columns(table))
quiet <- function(x) suppressMessages(suppressWarnings(x))

linear <- lapply(c("y ~ x + twice + f", "y ~ 1", "y ~ 0 + x", "y ~ 0 + x + z", "y ~ x"), function(text) {
  m <- lm(as.formula(text), d)
  list(formula = text, tidy = columns(tidy(m, conf.int = TRUE)), glance = columns(glance(m)),
       confint = named(confint(m, level = .9995)))
})
mixed <- lapply(c("y ~ x + (x + z | g) + (1 | h)", "y ~ x + (1 | g) + (0 + x | g) + (0 + z | g.1)",
                  "y ~ x + twice + z + (x | g)"), function(text) {
  m <- quiet(eval(bquote(lmer(.(as.formula(text)), data = d, REML = FALSE, control = tight))))
  list(formula = text, tidy = columns(quiet(tidy(m, conf.int = TRUE))), glance = columns(glance(m)),
       plain = columns(quiet(tidy(as(m, "lmerMod"), conf.int = TRUE))),
       confint = named(confint(m, parm = "beta_", method = "Wald", level = .9995)))
})
coefs <- lapply(c("y ~ x + (z | g) + (0 + f | h)", "y ~ 0 + x + (1 | g)", "y ~ x + (0 + x | g) + (1 | h)"), function(text) {
  m <- quiet(eval(bquote(lmer(.(as.formula(text)), data = d, control = tight))))
  list(formula = text, factors = lapply(coef(m), columns))
})
part <- subset(d, !(f == "mid" & binary == 1))
part$binary <- factor(ifelse(part$binary == 1, "yes", "no"))
m <- lm(y ~ f * binary + z, part)
cells <- list(both = columns(quiet(Effect(c("f", "binary"), m))), one = columns(quiet(Effect("f", m))),
              slope = columns(quiet(Effect("z", m, xlevels = list(z = c(0, 1))))))
packages <- c("broom", "broom.mixed", "lme4", "lmerTest", "effects")
versions <- c(R = as.character(getRversion()), sapply(packages, function(p) as.character(packageVersion(p))))
write_json(list(versions = as.list(versions), linear = linear, mixed = mixed, coef = coefs, cells = cells),
  "one_face.json", auto_unbox = TRUE, pretty = 1)
