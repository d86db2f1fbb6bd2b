# lme4's own deviance function where mlm ended, and where lme4 did (generalized.json), for every design of
# generalized_designs.py: of two optima it says which is the better one.
#   Rscript generalized_at_ours.R FOLDER POINTS.json OUT.json
# FOLDER as written by `python -m reference.generalized_designs`, POINTS by `python -m reference.generalized_at_ours`.
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "fit.R"))

read_design <- function(entry, folder) {
  data <- read.csv(file.path(folder, paste0(entry$key, ".csv")), stringsAsFactors = TRUE)
  for (name in unlist(entry$numeric_factors)) data[[name]] <- factor(data[[name]])
  data
}

family_of <- function(entry, size) {
  if (entry$family == "negative.binomial") return(MASS::negative.binomial(size, link = entry$link))
  get(entry$family)(link = entry$link)
}

# what lme4's function for quadrature leaves out: minus twice the log-likelihood of a parameter for each row
saturated <- function(parts, n_agq) {
  if (n_agq <= 1) return(0)
  if (parts$family$family != "binomial") {
    y <- model.response(parts$fr)
    return(-2 * sum(dpois(y, y, log = TRUE)))
  }
  y <- model.response(parts$fr)
  w <- model.weights(parts$fr)
  if (is.matrix(y)) return(-2 * sum(dbinom(y[, 1], rowSums(y), y[, 1] / rowSums(y), log = TRUE)))
  if (is.null(w)) w <- rep(1, length(y))
  -2 * sum(dbinom(round(w * y), round(w), y, log = TRUE))
}

# the function of theta and beta together, its conditional modes found as nearly as they can be
second_stage <- function(entry, data, family, tolerance) {
  parts <- glFormula(as.formula(entry$formula), data = data, family = family,
    weights = if (nzchar(entry$weights)) data[[entry$weights]],
    offset = if (nzchar(entry$offset)) data[[entry$offset]])
  control <- glmerControl(tolPwrss = tolerance, check.rankX = "silent.drop.cols")
  f <- do.call(mkGlmerDevfun, c(parts, list(control = control)))
  f(parts$reTrms$theta)
  f <- updateGlmerDevfun(f, parts$reTrms, nAGQ = entry$n_agq)
  list(f = f, constant = saturated(parts, entry$n_agq))
}

value_at <- function(entry, data, family, point) {
  for (tolerance in 10^-(16:10)) {
    value <- tryCatch(suppressMessages(suppressWarnings({
      stage <- second_stage(entry, data, family, tolerance)
      stage$f(c(unlist(point$theta), unlist(point$fixef))) + stage$constant
    })), error = function(e) NA_real_)
    if (is.finite(value)) return(list(value = value, tolerance = tolerance))
  }
  list(value = NA_real_, tolerance = NA_real_)
}

arguments <- commandArgs(trailingOnly = TRUE)
manifest <- fromJSON(file.path(arguments[1], "manifest.json"), simplifyVector = FALSE)
points <- fromJSON(arguments[2], simplifyVector = FALSE)
results <- list()
for (entry in Filter(function(entry) entry$key %in% names(points), manifest)) {
  data <- read_design(entry, arguments[1])
  point <- points[[entry$key]]
  ours <- value_at(entry, data, family_of(entry, point$ours$size), point$ours)
  own <- value_at(entry, data, family_of(entry, point$lme4$size), point$lme4)
  results[[entry$key]] <- list(
    hash = entry$hash, theta = I(unlist(point$ours$theta)), fixef = I(unlist(point$ours$fixef)),
    size = point$ours$size, at_ours = ours$value, at_own = own$value,
    tolerance = max(ours$tolerance, own$tolerance)
  )
  cat(entry$key, ours$value - point$ours$value, own$value - ours$value, ours$tolerance, "\n", file = stderr())
}
write_entries(software("MASS"), results, arguments[3])
