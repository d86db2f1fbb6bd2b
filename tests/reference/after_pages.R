# How the scripts of the pages on what comes after the fit read the rows, fit and write.
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(pbkrtest); library(emmeans); library(jsonlite)})
arguments <- commandArgs(trailingOnly = TRUE)

rows <- function(name) read.csv(file.path(arguments[1], paste0(name, ".csv")))
standing <- function(x, low, high) factor(ifelse(x < low, "low", ifelse(x < high, "middle", "high")), c("low", "middle", "high"))

# lme4's default stops where steps are small; these numbers are those of the optimum
TIGHT <- lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE,
                     optCtrl = list(xtol_abs = 1e-11, ftol_abs = 1e-13, maxeval = 20000))
fit <- function(formula, data, ...) {  # by the names of the data, as what fits again looks for them
  call <- list(formula, data = as.name(data), control = as.name("TIGHT"), ...)
  suppressWarnings(suppressMessages(do.call(lmer, call)))
}

# a table as one list of numbers, by "row column" in the columns' order
flat <- function(table, columns = colnames(table), names = columns) {
  table <- as.data.frame(table)
  out <- lapply(seq_along(columns), function(k) setNames(as.list(table[[columns[k]]]), paste(rownames(table), names[k])))
  do.call(c, out)
}

write_checks <- function(checks, path = arguments[2]) {
  version <- function(name) as.character(packageVersion(name))
  packages <- c("lme4", "lmerTest", "pbkrtest", "emmeans")
  software <- c(list(R = as.character(getRversion())), sapply(packages, version, simplify = FALSE))
  entries <- sapply(checks, function(x) as.character(toJSON(x, auto_unbox = TRUE, digits = I(9))))
  body <- paste0('  "', names(checks), '": ', entries, collapse = ",\n")
  writeLines(paste0('{\n "software": ', toJSON(software, auto_unbox = TRUE), ',\n "checks": {\n', body, "\n }\n}"), path)
}
