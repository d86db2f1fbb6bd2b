# Times lme4: median over repeats of lmer() plus the standard errors of summary(), data frame already in memory.
#   Rscript lme4_fit.R DATA.csv FORMULA REML|ML REPEATS [FACTOR,FACTOR,...]
# Columns named last become factors before the clock starts. Threads are those of OPENBLAS_NUM_THREADS and
# OMP_NUM_THREADS, which are printed with the version of the BLAS library. Prints one JSON object.
suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) < 4) stop("usage: Rscript lme4_fit.R DATA.csv FORMULA REML|ML REPEATS [FACTOR,...]")
fast <- requireNamespace("data.table", quietly = TRUE)
data <- if (fast) as.data.frame(data.table::fread(arguments[1])) else read.csv(arguments[1])
for (name in if (length(arguments) > 4) strsplit(arguments[5], ",")[[1]]) data[[name]] <- factor(data[[name]])
formula <- as.formula(arguments[2])
reml <- match.arg(arguments[3], c("REML", "ML")) == "REML"
repeats <- as.integer(arguments[4])

said <- character()
fit_once <- function() {
  m <- lmer(formula, data, REML = reml)
  list(model = m, se = coef(summary(m))[, "Std. Error"])
}
seconds <- numeric(repeats)
for (i in seq_len(repeats)) {
  gc(FALSE)
  begin <- proc.time()[["elapsed"]]
  fitted <- withCallingHandlers(fit_once(), warning = function(w) {
    said <<- unique(c(said, conditionMessage(w)))
    invokeRestart("muffleWarning")
  })
  seconds[i] <- proc.time()[["elapsed"]] - begin
}

m <- fitted$model
session <- sessionInfo()
threads <- Sys.getenv(c("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), unset = NA)
result <- list(
  seconds = I(seconds), median = median(seconds), rows = nrow(data),
  terms = I(names(fixef(m))), beta = I(unname(fixef(m))), se = I(unname(fitted$se)),
  theta = I(unname(getME(m, "theta"))), sigma = sigma(m), loglik = as.numeric(logLik(m)),
  evaluations = m@optinfo$feval, messages = I(said),
  software = list(
    R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4")),
    Matrix = as.character(packageVersion("Matrix")), blas = basename(session$BLAS), threads = as.list(threads)
  )
)
cat(toJSON(result, auto_unbox = TRUE, digits = I(12), na = "null", null = "null"), "\n", sep = "")
