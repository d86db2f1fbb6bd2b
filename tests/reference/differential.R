# Fits every design of designs.py with lme4, at its defaults and at the best optimum.
#   Rscript differential.R FOLDER OUT.json [KEY ...]     FOLDER as written by `python -m reference.designs FOLDER`
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "fit.R"))

read_design <- function(entry, folder) {
  data <- read.csv(file.path(folder, paste0(entry$key, ".csv")), stringsAsFactors = TRUE)
  for (name in unlist(entry$numeric_factors)) data[[name]] <- factor(data[[name]])
  data
}

reference <- function(entry, folder) {
  data <- read_design(entry, folder)
  weights <- if (nzchar(entry$weights)) data[[entry$weights]]
  offset <- if (nzchar(entry$offset)) data[[entry$offset]]
  lf <- parsed(entry$formula, data, entry$reml, weights, offset)
  default <- default_fit(entry$formula, data, entry$reml, weights, offset)
  optimum <- best_optimum(lf, entry$reml, default$theta)
  m <- fitted_at(lf, optimum)
  c(
    entry[c("structure", "formula", "reml", "hash")], list(default = default),
    list(best = c(list(deviance = -2 * as.numeric(logLik(m)), gradient = optimum$gradient), estimates(m, entry$reml)))
  )
}

arguments <- commandArgs(trailingOnly = TRUE)
manifest <- fromJSON(file.path(arguments[1], "manifest.json"), simplifyVector = FALSE)
wanted <- arguments[-(1:2)]
if (length(wanted)) manifest <- Filter(function(entry) entry$key %in% wanted, manifest)
results <- lapply(manifest, function(entry) {
  tryCatch(reference(entry, arguments[1]), error = function(e) stop(entry$key, ": ", conditionMessage(e)))
})
names(results) <- sapply(manifest, `[[`, "key")
write_entries(software(), results, arguments[2])
