# Printouts of several packages, which the tests disguise as pages, terminals and mails do: pasted.json.
# Run: Rscript pasted.R > pasted.json
suppressMessages({ library(lmerTest); library(nlme); library(emmeans); library(glmmTMB); library(jsonlite) })

set.seed(411)
at <- seq_len(320)
d <- data.frame(
  orchard = factor(sprintf("o%02d", at %% 16)), hours = round(runif(320, 0, 9), 1),
  feed = factor(c("none", "gen 0.5", "gen 2")[1 + (at %/% 16) %% 3], levels = c("none", "gen 0.5", "gen 2"))
)
own <- rnorm(16, sd = 0.9)
d$yield <- 6 - 0.4 * d$hours + c(0, 0.6, -0.8)[d$feed] + own[d$orchard] + rnorm(320)
d$ripe <- rbinom(320, 1, plogis(0.5 + 0.2 * (d$yield - 4)))
d$apples <- rpois(320, exp(0.7 + 0.1 * d$yield)) * rbinom(320, 1, 0.75)

lmm <- lmerTest::lmer(yield ~ hours + feed + (1 + hours | orchard), d)
reml <- lme4::lmer(yield ~ hours * feed + (1 | orchard), d)
glmm <- lme4::glmer(ripe ~ hours + feed + (1 | orchard), d, binomial)
plain <- lm(yield ~ hours + feed, d)
counts <- glm(apples ~ hours + feed, poisson, d)
mixed <- nlme::lme(yield ~ hours, random = ~ 1 | orchard, data = d)
means <- emmeans(lmm, ~ feed, lmer.df = "satterthwaite")
inflated <- glmmTMB(apples ~ hours + feed + (1 | orchard), ziformula = ~ hours, data = d, family = nbinom2)
gaussian <- glmmTMB(yield ~ hours + (1 | orchard), data = d)
weekly <- data.frame(d, week = factor(at %/% 16))
serial <- glmmTMB(yield ~ hours + ar1(week + 0 | orchard), data = weekly)

printed <- function(x, width = 80) { options(width = width); capture.output(print(x)) }
out <- list(
  versions = as.list(sapply(
    c("lme4", "lmerTest", "nlme", "emmeans", "glmmTMB"), function(name) as.character(packageVersion(name))
  )),
  lmm = printed(summary(lmm)), reml = printed(summary(reml)), glmm = printed(summary(glmm)),
  lm = printed(summary(plain)), glm = printed(summary(counts)), lme = printed(summary(mixed)),
  matrix = printed(coef(summary(lmm)), 100), narrow = printed(coef(summary(lmm)), 60), print = printed(lmm),
  anova = printed(anova(lmm)), effects = printed(lme4::fixef(lmm)), means = printed(means),
  tests = printed(summary(means, infer = c(TRUE, TRUE), null = 4)), pairs = printed(pairs(means)),
  joint = printed(test(means, joint = TRUE)), tmb = printed(summary(inflated)), tmb_gaussian = printed(summary(gaussian)),
  tmb_serial = printed(summary(serial)), lmm_narrow = printed(summary(lmm), 50), lm_narrow = printed(summary(plain), 45)
)
cat(toJSON(out, auto_unbox = FALSE, pretty = 1), "\n")
