# Printouts of what is asked after a fit, of the rows that printouts.py draws: what verify computes again.
#   Rscript verify_after.R FOLDER OUT.json     FOLDER as written by `python -m reference.printouts FOLDER`
suppressMessages({library(jsonlite); library(lmerTest); library(emmeans); library(car)})
options(useFancyQuotes = FALSE, width = 80)
arguments <- commandArgs(trailingOnly = TRUE)
d <- read.csv(file.path(arguments[1], "d.csv"), stringsAsFactors = TRUE)
d$yes <- as.integer(d$y > median(d$y))
d$count <- round(exp(d$y / 3))
fits <- alist(
  m <- lme4::lmer(y ~ x + f + z + (x | g) + (1 | h), d),
  ml <- lme4::lmer(y ~ x * f + z + (1 | g), d, REML = FALSE),
  tested <- lmerTest::lmer(y ~ x * f + z + (1 | g) + (1 | h), d),
  logit <- lme4::glmer(yes ~ x + f + (1 | g), d, family = binomial),
  counts <- lme4::glmer(count ~ x + f + (1 | g), d, family = poisson),
  l <- lm(y ~ x * f + z, d),
  b <- glm(yes ~ x + f, family = binomial, data = d),
  p <- glm(count ~ x * f, family = poisson, data = d),
  m2 <- lmerTest::lmer(y ~ x + f + (x | g) + (1 | h), d),
  two <- lmer(y ~ f * k + x + (1 | g), data = d),
  means <- emmeans(two, ~ f, at = list(x = 1))
)
for (fit in fits) eval(fit)
printed <- alist( # conditional modes first: profiles leave those of the model that they are of changed
  "ranef" = ranef(m)$h, "ranef, all" = ranef(logit), "fixef" = fixef(m),
  "drop1 of lme4" = drop1(ml), "drop1 of lme4, tested" = drop1(ml, test = "Chisq"),
  "drop1 of lmerTest" = drop1(tested), "drop1 of lmerTest, Kenward-Roger" = drop1(tested, ddf = "Kenward-Roger"),
  "drop1 of glmer" = drop1(logit, test = "Chisq"), "drop1 of lm" = drop1(l), "drop1 of lm, tested" = drop1(l, test = "F"),
  "drop1 of glm" = drop1(b), "drop1 of glm, tested" = drop1(p, test = "LRT"),
  "ranova" = ranova(tested), "ranova, slopes" = rand(m2), "ranova, whole terms" = ranova(m2, reduce.terms = FALSE),
  "step" = step(tested),
  "type I" = anova(tested, type = 1), "type II" = anova(tested, type = "II"), "type III" = anova(tested),
  "Kenward-Roger" = anova(tested, ddf = "Kenward-Roger"), "lme4" = anova(ml), "anova of glmer" = anova(logit),
  "anova of glm" = anova(p, test = "Chisq"),
  "car II" = Anova(m), "car III" = Anova(ml, type = 3), "car II, interaction" = Anova(ml), "car F" = Anova(m, test.statistic = "F"),
  "car of glmer" = car::Anova(logit, type = "III"), "car of lm" = Anova(l), "car of lm, III" = Anova(l, type = "III"),
  "car of glm" = Anova(b), "car of glm, III" = Anova(p, type = 3),
  "confint, profile" = confint(m), "confint, Wald" = confint(m, method = "Wald"),
  "confint, new names" = confint(m, oldNames = FALSE, level = 0.9), "confint, some" = confint(ml, parm = c("x", "z")),
  "confint, fixed" = confint(ml, "beta_", method = "Wald"), "confint, random" = confint(m, parm = "theta_", oldNames = FALSE),
  "confint of glmer" = confint(logit), "confint of glmer, Wald" = confint(counts, method = "Wald"),
  "confint of lm" = confint(l), "confint of lm, one" = confint(l, "x"), "confint of glm" = confint(b), "confint.default of glm" = confint.default(b),
  "confint by bootstrap" = confint(m, method = "boot", nsim = 30, seed = 1),
  "means" = emmeans(m, "f"), "means of ~" = emmeans(m, ~ f), "means of a fit by ML" = emmeans(ml, ~ f),
  "means within" = emmeans(ml, ~ f | x, at = list(x = c(-1, 0, 1))),
  "means by Satterthwaite" = emmeans(tested, ~ f, lmer.df = "satterthwaite"),
  "means, asymptotic" = emmeans(m, ~ f, lmer.df = "asymptotic"),
  "means and pairs" = emmeans(m, pairwise ~ f), "means and pairs, adjusted" = emmeans(m, pairwise ~ f, adjust = "bonferroni"),
  "pairs" = pairs(emmeans(m, "f")), "pairs, holm" = pairs(emmeans(m, ~ f), adjust = "holm"), "pairs, none" = contrast(emmeans(m, ~ f), "pairwise", adjust = "none"),
  "with a control" = contrast(emmeans(m, ~ f), "trt.vs.ctrl"), "with the last" = contrast(emmeans(m, ~ f), method = "trt.vs.ctrl", ref = 3),
  "effects" = contrast(emmeans(m, ~ f), "eff"), "confint of pairs" = confint(pairs(emmeans(m, ~ f))),
  "summary with both" = summary(pairs(emmeans(m, ~ f)), infer = TRUE),
  "means of logit" = emmeans(logit, ~ f), "means of logit, probabilities" = emmeans(logit, ~ f, type = "response"),
  "odds ratios" = pairs(emmeans(logit, ~ f, type = "response")), "log odds ratios" = pairs(emmeans(logit, ~ f)),
  "rates" = emmeans(counts, ~ f, type = "response"), "ratios" = contrast(emmeans(p, ~ f), "pairwise", type = "response"),
  "means of lm" = emmeans(l, ~ f), "trends" = emtrends(l, ~ f, var = "x"), "trends compared" = emtrends(tested, pairwise ~ f, var = "x"),
  "joint tests" = joint_tests(tested), "joint tests of lm" = joint_tests(l),
  "joint tests of glmer" = joint_tests(logit), "two factors" = emmeans(two, ~ f * k), "two factors, pairs within" = emmeans(two, pairwise ~ f | k),
  "two factors, in proportion" = emmeans(two, "k", weights = "proportional"), "two factors, joint tests" = joint_tests(two),
  "contrasts by weights" = contrast(emmeans(two, "f"), list(first = c(1, -0.5, -0.5), second = c(0, 1, -1))),
  "pairs, reversed" = pairs(emmeans(two, ~ k | f), reverse = TRUE), "car of two factors" = Anova(two), "car of two factors, III" = Anova(two, type = "III"),
  "means by name" = means, "pairs by name" = pairs(means), "a trend at values" = emtrends(m2, "1", var = "x"),
  "car of glmer, II" = Anova(counts), "anova of glm, plain" = anova(b), "means of glm" = emmeans(b, "f", type = "response"),
  "VarCorr" = VarCorr(m), "VarCorr, variances" = print(VarCorr(m), comp = c("Variance", "Std.Dev.")),
  "VarCorr as a frame" = as.data.frame(VarCorr(m)), "VarCorr of glmer" = VarCorr(logit),
  "coef" = coef(summary(m)), "coefs of tests" = coef(summary(tested)),
  "r2" = performance::r2(m), "r2 of glmer" = performance::r2(logit), "r2 of lm" = performance::r2(l), "icc" = performance::icc(m),
  "icc by group" = performance::icc(m, by_group = TRUE), "performance" = performance::model_performance(ml),
  "logLik" = logLik(m), "AIC" = AIC(ml), "BIC" = BIC(logit), "AIC of several" = AIC(m, ml), "BIC of several" = BIC(l, b),
  "REMLcrit" = lme4::REMLcrit(m), "sigma" = sigma(m), "deviance" = deviance(l), "nobs" = nobs(m), "vcov" = vcov(m)
)
shown <- function(call) {
  said <- character()
  out <- withCallingHandlers(
    capture.output(if (is.call(call) && identical(call[[1]], as.name("print"))) eval(call) else print(eval(call))),
    message = function(e) {said <<- c(said, sub("\n$", "", conditionMessage(e))); invokeRestart("muffleMessage")},
    warning = function(e) invokeRestart("muffleWarning")
  )
  c(paste(">", paste(trimws(deparse(call, width.cutoff = 500)), collapse = " ")), said, out)
}
set.seed(1)
texts <- lapply(printed, function(call) tryCatch(shown(call), error = function(e) c("ERROR", conditionMessage(e))))
packages <- c("lme4", "lmerTest", "emmeans", "car", "performance", "pbkrtest")
versions <- c(R = R.version.string, vapply(packages, function(p) as.character(packageVersion(p)), ""))
commands <- vapply(fits, function(call) paste(">", paste(deparse(call, width.cutoff = 500), collapse = " ")), "")
writeLines(toJSON(list(versions = lapply(as.list(versions), unbox), fits = commands, texts = texts), auto_unbox = FALSE, pretty = 1), arguments[2])
