# Writes the data sets of lme4 and mlmRev that generalized models are known on, as CSV, and levels.json with the levels
# of factors. The data are theirs, so they are not kept here.
#   Rscript generalized_datasets.R FOLDER
suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
})
folder <- commandArgs(trailingOnly = TRUE)[1]
sets <- list(cbpp = "lme4", grouseticks = "lme4", VerbAgg = "lme4", Contraception = "mlmRev")
levels_of <- lapply(setNames(names(sets), names(sets)), function(name) {
  data <- get(data(list = name, package = sets[[name]], envir = environment()))
  write.csv(data, file.path(folder, paste0(name, ".csv")), row.names = FALSE)
  lapply(Filter(is.factor, data), levels)
})
write(toJSON(levels_of), file.path(folder, "levels.json"))
