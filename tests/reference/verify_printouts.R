# Printouts of other kinds than printouts.R has, of the rows that printouts.py draws: what verify is held against.
#   Rscript verify_printouts.R FOLDER OUT.json     FOLDER as written by `python -m reference.printouts FOLDER`
suppressMessages({library(jsonlite); library(lme4); library(nlme); library(emmeans)})
options(useFancyQuotes = FALSE, width = 80)
arguments <- commandArgs(trailingOnly = TRUE)
d <- read.csv(file.path(arguments[1], "d.csv"), stringsAsFactors = TRUE)
d$yes <- as.integer(d$y > median(d$y))
d$count <- round(exp(d$y / 3))
m <- lme4::lmer(y ~ x + f + (1 | g), d)
ml <- lme4::lmer(y ~ x + f + (1 | g), d, REML = FALSE)
slopes <- lme4::lmer(y ~ x + f + (x | g), d, REML = FALSE)
tested <- lmerTest::lmer(y ~ x + f + z + (1 | g) + (1 | h), d)
l <- lm(y ~ x + f, d)
logit <- glm(yes ~ x + f, binomial, d)
counts <- glm(count ~ x + f, poisson, d)
plain <- lme(y ~ x, random = ~1 | g, data = d)
ar <- lme(y ~ x, random = ~1 | g, data = d, correlation = corAR1(form = ~1 | g))
larger <- lme(y ~ x + z, random = ~1 | g, data = d, method = "ML")
smaller <- lme(y ~ x, random = ~1 | g, data = d, method = "ML")
printed <- list(
  "glm, logit" = quote(summary(logit)), "glm, counts" = quote(summary(counts)), "lm" = quote(summary(l)),
  "anova of lm" = quote(anova(l)), "anova of two lm" = quote(anova(lm(y ~ x, d), l)),
  "tests" = quote(summary(tested)), "tests of terms" = quote(anova(tested)),
  "ranova" = quote(lmerTest::ranova(tested)), "drop1" = quote(drop1(ml, test = "Chisq")),
  "drop1 by F" = quote(drop1(tested)), "comparison" = quote(anova(ml, slopes)), "car" = quote(car::Anova(m)),
  "means" = quote(emmeans(m, "f")), "contrasts" = quote(pairs(emmeans(m, "f"))),
  "odds" = quote(pairs(emmeans(logit, "f"), type = "response")), "variances" = quote(VarCorr(slopes)),
  "icc" = quote(performance::icc(m)), "r2" = quote(performance::r2(m)), "logLik" = quote(logLik(ml)),
  "lme" = quote(summary(plain)), "lme, autocorrelated" = quote(summary(ar)), "comparison of lme" = quote(anova(smaller, larger))
)
shown <- function(call) {
  c(paste(">", paste(deparse(call), collapse = " ")), suppressWarnings(suppressMessages(capture.output(print(eval(call))))))
}
texts <- lapply(printed, shown)
packages <- c("lme4", "lmerTest", "nlme", "emmeans", "car", "performance")
versions <- c(R = R.version.string, vapply(packages, function(p) as.character(packageVersion(p)), ""))
writeLines(toJSON(list(versions = lapply(as.list(versions), unbox), texts = texts), auto_unbox = FALSE, pretty = 1), arguments[2])
