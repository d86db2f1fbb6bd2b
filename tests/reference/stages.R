# A design of small_designs.py as lmer() fits it by default, stage by stage: for stopping_points.R and shaken_points.R,
# which set `folder`, that of the designs' files.
suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
})
manifest <- fromJSON(file.path(folder, "manifest.json"))

rows_of <- function(number) {
  data <- read.csv(file.path(folder, paste0(number, ".csv")), colClasses = "character")
  for (name in intersect(c("x", "z", "xc", "xo", "w", "y"), names(data))) data[[name]] <- as.numeric(data[[name]])
  data
}

quietly <- function(code) suppressMessages(suppressWarnings(code))

parsed <- function(one, data) {
  formula <- as.formula(one$formula)
  quietly(if (one$weights != "") lFormula(formula, data, REML = one$reml, weights = w) else lFormula(formula, data, REML = one$reml))
}

# what lmer() does, stage by stage; also the criterion at the theta where it stops with the rows in their own order
fit <- function(one, data, theta = NULL) {
  tryCatch({
    value <- do.call(mkLmerDevfun, parsed(one, data))
    ended <- quietly(optimizeLmer(value, calc.derivs = FALSE)) # from where the deviance function stands: not used before
    found <- value(ended$par)
    list(theta = ended$par, criterion = found, evaluations = ended$feval, at = if (is.null(theta)) NaN else value(theta))
  }, error = function(e) NULL)
}
