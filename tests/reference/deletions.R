# Terms left out one by one by R's drop1(), on the counts of profiles.py, and Wald tests by car of two of the models.
#   Rscript deletions.R FOLDER OUT.json     FOLDER as written by `python -m reference.profiles FOLDER`
suppressMessages({library(jsonlite); library(lme4); library(car)})
arguments <- commandArgs(trailingOnly = TRUE)
counts <- read.csv(file.path(arguments[1], "counts.csv"), stringsAsFactors = TRUE)
tight <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9))
table <- function(m, test) {
  found <- drop1(m, test = test)
  printed <- capture.output(print(found))
  c(list(rows = I(rownames(found)), printed = I(printed)), lapply(as.list(found), I))
}
one <- glmer(one ~ x * A + (1 | g), counts, binomial, control = tight)
k <- glmer(k ~ x + A + (1 | g), counts, poisson, control = tight)
wald <- function(m, rows) {
  found <- linearHypothesis(m, rows)
  list(df = found$Df[2], chisq = found$Chisq[2], p = found$`Pr(>Chisq)`[2])
}
results <- list(
  "glmer, outcomes" = table(one, "Chisq"), "glmer, counts" = table(k, "Chisq"),
  "glm, outcomes" = table(glm(one ~ x * A, binomial, counts), "Chisq"),
  "glm, counts" = table(glm(k ~ x + A, poisson, counts), "Chisq"),
  "glm, a dispersion" = table(glm(I(k + 1) ~ x + A, Gamma(link = "log"), counts, control = list(epsilon = 1e-14, maxit = 200)), "Chisq"),
  "glm, normal" = table(glm(k ~ x + A, gaussian, counts), "Chisq"),
  "lm" = table(lm(k ~ x * A + h, counts), "F"),
  "Wald, one" = wald(k, "x = 0"), "Wald, two" = wald(k, c("Ab = 0", "Ac = 0")))
versions <- c(R = R.version.string, lme4 = as.character(packageVersion("lme4")), car = as.character(packageVersion("car")))
entries <- vapply(names(results), function(name) paste0(toJSON(name, auto_unbox = TRUE), ": ",
  toJSON(results[[name]], auto_unbox = TRUE, digits = I(11), na = "null")), "")
writeLines(c("{", paste0('"software": ', toJSON(as.list(versions), auto_unbox = TRUE), ","), '"models": {',
             paste(entries, collapse = ",\n"), "}", "}"), arguments[2])
