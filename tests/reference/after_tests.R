# Tests after a fit, on the twins: lmerTest and pbkrtest.
#   Rscript after_tests.R FOLDER after_tests.json     FOLDER as written by `python -m reference.after_pages FOLDER`
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "after_pages.R"))
quiet <- function(x) suppressMessages(suppressWarnings(x))
pupils <- rows("imm10")
pupils$standing <- standing(pupils$meanses, -0.6, 0)

m <- fit(math ~ homework + ses + meanses + (homework | schnum), "pupils")
smaller <- fit(math ~ homework + ses + (homework | schnum), "pupils")
by_standing <- fit(math ~ homework * standing + (1 | schnum), "pupils")
sums <- c("Sum Sq", "Mean Sq", "F value", "DenDF", "Pr(>F)")
types <- lapply(1:3, function(type) {
  found <- anova(by_standing, type = type)
  setNames(flat(found, sums), paste(rep(c("I", "II", "III")[type], 15), names(flat(found, sums))))
})
between <- contest(m, c(0, 0, 1, 1), joint = FALSE, ddf = "Kenward-Roger")
joint <- contest(m, rbind(c(0, 0, 1, 0), c(0, 0, 0, 1)), ddf = "Kenward-Roger")
lr <- quiet(anova(smaller, m))
kr <- quiet(KRmodcomp(m, smaller))$test["Ftest", ]
random <- quiet(ranova(m))
dropped <- drop1(m, ddf = "Kenward-Roger")

# a variance tested: the ratios of samples of the smaller model, and what PBmodcomp makes of them
large <- fit(math ~ ses + meanses + (1 | schnum) + (0 + ses | schnum), "pupils")
small <- fit(math ~ ses + meanses + (1 | schnum), "pupils")
slopes <- quiet(ranova(large))
set.seed(16)
ratios <- as.numeric(quiet(PBrefdist(large, small, nsim = 2000)))
boot <- quiet(PBmodcomp(large, small, ref = ratios))
observed <- boot$test["LRT", "stat"]

columns <- c("Estimate", "Std. Error", "df", "t value", "Pr(>|t|)")
write_checks(list(
  coefficients = c(
    setNames(flat(coef(summary(m)), columns), paste("S", names(flat(coef(summary(m)), columns)))),
    setNames(flat(coef(summary(m, ddf = "Kenward-Roger")), columns), paste("KR", names(flat(coef(summary(m)), columns))))),
  types = do.call(c, types),
  contest = list(
    between = between[["Estimate"]], se = between[["Std. Error"]], df = between[["df"]],
    from = between[["lower"]], to = between[["upper"]], F = joint[["F value"]], DenDF = joint[["DenDF"]], `p of F` = joint[["Pr(>F)"]]),
  comparison = list(
    Chisq = lr[2, "Chisq"], `p LRT` = lr[2, "Pr(>Chisq)"], F = kr$stat, ddf = kr$ddf, `p KR` = kr$p.value),
  random = list(LRT = random[2, "LRT"], AIC = random[2, "AIC"], `log p` = log(random[2, "Pr(>Chisq)"])),
  dropped = flat(dropped, c("F value", "DenDF", "Pr(>F)")),
  variance = list(
    LRT = slopes[3, "LRT"], `p LRT` = slopes[3, "Pr(>Chisq)"], ratio = observed, `p ratio` = boot$test["LRT", "p.value"],
    positive = mean(ratios > 1e-6), extreme = mean(ratios >= observed), PBmodcomp = boot$test["PBtest", "p.value"])
))
