# Profile intervals of generalized linear models by MASS, on the models of profiles.py.
#   Rscript profile_glm.R FOLDER OUT.json     FOLDER as written by `python -m reference.profiles FOLDER`
suppressMessages({library(jsonlite); library(MASS)})
arguments <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(file.path(arguments[1], "glm_cases.json"), simplifyVector = FALSE)
counts <- read.csv(file.path(arguments[1], "counts.csv"), stringsAsFactors = TRUE)
reference <- function(case) {
  family <- if (is.null(case$link)) get(case$family)() else get(case$family)(case$link)
  m <- glm(as.formula(case$formula), family, counts)
  limits <- suppressMessages(confint(m))
  limits <- matrix(limits, ncol = 2)
  list(rows = I(names(coef(m))), lower = I(limits[, 1]), upper = I(limits[, 2]))
}
versions <- list(R = R.version.string, MASS = as.character(packageVersion("MASS")))
out <- list(software = versions, models = lapply(cases, reference))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(11), pretty = TRUE), arguments[2])
