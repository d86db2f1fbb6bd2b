# What the exercises of the page on tests print, and its bootstrap, on the twins: lmerTest and pbkrtest.
#   Rscript after_exercises.R FOLDER after_exercises.json     FOLDER as written by `python -m reference.after_pages FOLDER`
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "after_pages.R"))
quiet <- function(x) suppressMessages(suppressWarnings(x))
pupils <- rows("imm10")
twice <- rbind(pupils, pupils)
people <- rows("vaisey")

kenward_roger <- function(m) {
  found <- coef(summary(m, ddf = "Kenward-Roger"))
  apply(found, 1, function(row) unname(row), simplify = FALSE)
}
m <- fit(math ~ homework + ses + meanses + (homework | schnum), "pupils")
smaller <- fit(math ~ homework + ses + (homework | schnum), "pupils")
set.seed(1)
ratios <- as.numeric(quiet(PBrefdist(m, smaller, nsim = 1000)))
boot <- quiet(PBmodcomp(m, smaller, ref = ratios))$test

larger <- fit(stflife ~ gnipc1000 + (1 | cntry), "people")
without <- fit(stflife ~ 1 + (1 | cntry), "people")
write_checks(list(
  parallel = kenward_roger(fit(math ~ homework + ses + meanses + (1 | schnum), "pupils")),
  twice = kenward_roger(fit(math ~ homework + ses + meanses + (homework | schnum), "twice")),
  three = list(LRT = quiet(anova(without, larger))[2, "Pr(>Chisq)"], KR = quiet(KRmodcomp(larger, without))$test["Ftest", "p.value"]),
  bootstrap = list(p = boot["PBtest", "p.value"], samples = length(ratios))
))
