# Fits the designs of small_designs.py with lme4 at its defaults, each on its own columns, on those of its twin, and
# with its rows in another order: where the last digits of sums decide its path, lme4 then stops elsewhere.
#   Rscript reference/small_designs.R FOLDER FILE.csv.gz [COUNT]
suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
})
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
manifest <- fromJSON(file.path(folder, "manifest.json"))
if (length(arguments) > 2) manifest <- head(manifest, as.integer(arguments[3]))

rows_of <- function(number) {
  data <- read.csv(file.path(folder, paste0(number, ".csv")), colClasses = "character")
  for (name in intersect(c("x", "z", "xc", "xo", "w", "y"), names(data))) data[[name]] <- as.numeric(data[[name]])
  data
}

fit <- function(formula, data, reml, weighted) {
  model <- tryCatch(suppressMessages(suppressWarnings(
    if (weighted) lmer(as.formula(formula), data, REML = reml, weights = w) else lmer(as.formula(formula), data, REML = reml)
  )), error = function(e) NULL)
  if (is.null(model)) return(list(criterion = NaN, theta = "", singular = 0L, evaluations = 0L, messages = "e"))
  conv <- model@optinfo$conv
  list(
    criterion = if (reml) REMLcrit(model) else -2 * as.numeric(logLik(model)),
    theta = paste(sprintf("%.12g", getME(model, "theta")), collapse = " "),
    singular = as.integer(isSingular(model)),
    evaluations = as.integer(model@optinfo$feval),
    messages = if (conv$opt != 0 || any(grepl("failed|unable|identif", conv$lme4$messages))) "c" else ""
  )
}

# whether two thetas, written as text, are one to 1e-6
steady <- function(one, other) {
  parts <- function(text) as.numeric(strsplit(text, " ")[[1]])
  as.integer(one != "" && other != "" && max(abs(parts(one) - parts(other))) <= 1e-6)
}

lines <- character(nrow(manifest))
started <- Sys.time()
for (i in seq_len(nrow(manifest))) {
  one <- manifest[i, ]
  data <- rows_of(one$number)
  weighted <- one$weights != ""
  own <- fit(one$formula, data, one$reml, weighted)
  twin <- fit(one$twin, data, one$reml, weighted)
  set.seed(one$number)
  permuted <- fit(one$formula, data[sample(nrow(data)), ], one$reml, weighted)
  lines[i] <- paste(
    one$number, sprintf("%.17g", own$criterion), own$theta, own$singular, own$evaluations, own$messages,
    sprintf("%.17g", twin$criterion + one$constant), steady(own$theta, permuted$theta), sep = ","
  )
  if (i %% 50 == 0) message(sprintf("%d of %d, %.0f s", i, nrow(manifest), as.numeric(Sys.time() - started, "secs")))
}
versions <- sapply(c("lme4", "nloptr", "Matrix"), function(name) paste(name, packageVersion(name)))
out <- gzfile(arguments[2], "wb", compression = 9)
writeLines(c(
  paste0("# R ", R.version$major, ".", R.version$minor, ", ", paste(versions, collapse = ", ")),
  "number,criterion,theta,singular,evaluations,messages,twin,steady",
  lines
), out)
close(out)
