# Canonical models of the data sets that come with lme4. The data are lme4's, so only results are kept here.
#   Rscript lme4_datasets.R fit OUT.json       fits the models
#   Rscript lme4_datasets.R export FOLDER      writes the data as CSV, and levels.json with the levels of factors
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "fit.R"))

data_sets <- c("sleepstudy", "Penicillin", "Pastes", "InstEval", "cake", "Dyestuff", "Dyestuff2")
models <- list(
  sleepstudy_slopes = list("sleepstudy", "Reaction ~ Days + (Days | Subject)", TRUE),
  sleepstudy_slopes_ml = list("sleepstudy", "Reaction ~ Days + (Days | Subject)", FALSE),
  sleepstudy_uncorrelated = list("sleepstudy", "Reaction ~ Days + (Days || Subject)", TRUE),
  sleepstudy_intercept = list("sleepstudy", "Reaction ~ Days + (1 | Subject)", TRUE),
  penicillin = list("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", TRUE),
  penicillin_ml = list("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", FALSE),
  pastes = list("Pastes", "strength ~ 1 + (1 | batch/cask)", TRUE),
  pastes_sample = list("Pastes", "strength ~ 1 + (1 | sample) + (1 | batch)", TRUE),
  insteval = list("InstEval", "y ~ service + (1 | s) + (1 | d) + (1 | dept:service)", TRUE),
  insteval_crossed_ml = list("InstEval", "y ~ 1 + (1 | s) + (1 | d)", FALSE),
  cake = list("cake", "angle ~ recipe * temperature + (1 | recipe:replicate)", TRUE),
  cake_linear = list("cake", "angle ~ recipe + temp + (1 | recipe:replicate)", FALSE),
  dyestuff = list("Dyestuff", "Yield ~ 1 + (1 | Batch)", TRUE),
  dyestuff_ml = list("Dyestuff", "Yield ~ 1 + (1 | Batch)", FALSE),
  dyestuff2 = list("Dyestuff2", "Yield ~ 1 + (1 | Batch)", TRUE)
)

# ordered factors become unordered ones, so that both sides use treatment contrasts
lme4_data <- function(name) {
  data <- get(data(list = name, package = "lme4", envir = environment()))
  ordered <- sapply(data, is.ordered)
  data[ordered] <- lapply(data[ordered], factor, ordered = FALSE)
  data
}

fit_all <- function(path) {
  results <- lapply(models, function(model) {
    data <- lme4_data(model[[1]])
    default <- default_fit(model[[2]], data, model[[3]])
    lf <- parsed(model[[2]], data, model[[3]])
    optimum <- best_optimum(lf, model[[3]], default$theta, thorough = nrow(data) < 10000)
    m <- fitted_at(lf, optimum)
    best <- c(list(deviance = -2 * as.numeric(logLik(m)), gradient = optimum$gradient), estimates(m, model[[3]]))
    list(data = model[[1]], formula = model[[2]], reml = model[[3]], default = default, best = best)
  })
  write_entries(software(), results, path)
}

export_all <- function(folder) {
  for (name in data_sets) {
    write.csv(lme4_data(name), file.path(folder, paste0(name, ".csv")), row.names = FALSE)
  }
  levels_of <- lapply(sapply(data_sets, lme4_data, simplify = FALSE), function(data) {
    lapply(Filter(is.factor, data), function(column) I(levels(column)))
  })
  writeLines(as_json(levels_of), file.path(folder, "levels.json"))
}

arguments <- commandArgs(trailingOnly = TRUE)
switch(arguments[1], fit = fit_all(arguments[2]), export = export_all(arguments[2]), stop("say fit or export"))
