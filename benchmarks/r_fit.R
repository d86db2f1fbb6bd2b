# Times lme4 (lmer, glmer) and glmmTMB, with the standard errors of the fixed effects, data frame already in memory.
#   Rscript r_fit.R FOLDER FORMULA REML|ML|FAMILY REPEATS SECONDS READY lme4|glmmTMB NODES
# FOLDER holds a binary file for each column, described in columns.json; factors are made before the clock starts.
# READY is the line of JSON that is printed when the data are ready; a line with the result follows the first fit, and
# another one the repeats: REPEATS of them or as many as fit into SECONDS; three, where these fit into 3 * SECONDS.
suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 8) stop("usage: Rscript r_fit.R FOLDER FORMULA REML|ML|FAMILY REPEATS SECONDS READY PACKAGE NODES")
folder <- arguments[1]
formula <- as.formula(arguments[2])
linear <- arguments[3] %in% c("REML", "ML")
family <- if (linear) NULL else get(arguments[3])()
reml <- arguments[3] == "REML"
package <- match.arg(arguments[7], c("lme4", "glmmTMB"))
nodes <- as.integer(arguments[8])
if (package == "glmmTMB") {
  suppressPackageStartupMessages(library(glmmTMB))
  if (nodes > 1) {
    cat(arguments[6], "\n", '{"state": "unsupported", "reason": "adaptive quadrature"}', "\n", sep = "")
    quit(status = 0)
  }
}
fit_model <- function(formula, data) {
  if (package == "glmmTMB") return(glmmTMB(formula, data, family = if (linear) gaussian() else family, REML = reml))
  if (linear) lmer(formula, data, REML = reml) else glmer(formula, data, family = family, nAGQ = nodes)
}
coefficients_of <- function(m) if (package == "glmmTMB") glmmTMB::fixef(m)$cond else lme4::fixef(m)
errors_of <- function(m) sqrt(diag(as.matrix(if (package == "glmmTMB") vcov(m)$cond else vcov(m))))
# with several nodes lme4 leaves out what a model with a parameter for each row has
saturated <- function(m) {
  if (linear || nodes == 1) return(0)
  y <- model.response(model.frame(m))
  if (is.matrix(y)) return(sum(dbinom(y[, 1], rowSums(y), y[, 1] / rowSums(y), log = TRUE)))
  if (family$family == "poisson") sum(dpois(y, y, log = TRUE)) else 0
}
repeats <- as.integer(arguments[4])
seconds <- as.numeric(arguments[5])

read_column <- function(name, kind, rows) {
  path <- file.path(folder, paste0(name, ".bin"))
  if (kind == "double") return(readBin(path, "double", rows))
  values <- readBin(path, "integer", rows, size = 4L)
  if (kind == "factor") factor(values) else values
}
columns <- fromJSON(file.path(folder, "columns.json"))
data <- as.data.frame(Map(function(name, kind) read_column(name, kind, columns$rows), names(columns$kinds), columns$kinds))
unlink(folder, recursive = TRUE)

held <- function(field) {
  if (!file.exists("/proc/self/status")) return(NA_real_)
  line <- grep(paste0("^", field), readLines("/proc/self/status"), value = TRUE)
  1024 * as.numeric(gsub("[^0-9]", "", line))
}
restart_peak <- function() try(cat("5", file = "/proc/self/clear_refs"), silent = TRUE)
say <- function(...) {
  cat(toJSON(list(...), auto_unbox = TRUE, digits = I(15), na = "null", null = "null"), "\n", sep = "")
  flush(stdout())
}

messages <- character()
cpu <- function() sum(proc.time()[1:2])
fit_once <- function() {
  invisible(gc(FALSE))
  begin <- cpu()
  m <- fit_model(formula, data)
  se <- errors_of(m)
  list(seconds = cpu() - begin, model = m, se = se)
}
quietly <- function(expr) withCallingHandlers(
  expr,
  warning = function(w) {
    messages <<- unique(c(messages, conditionMessage(w)))
    invokeRestart("muffleWarning")
  },
  message = function(m) {
    messages <<- unique(c(messages, trimws(conditionMessage(m))))
    invokeRestart("muffleMessage")
  }
)

# loads what is loaded at first use
small <- if (linear) fit_model(Reaction ~ Days + (1 | Subject), sleepstudy) else
  fit_model(I(Reaction > 300) ~ Days + (1 | Subject), sleepstudy)
invisible(errors_of(small))
rm(small)
invisible(gc(FALSE))
cat(arguments[6], "\n", sep = "")
flush(stdout())
restart_peak()
before <- held("VmRSS")
fitted <- tryCatch(quietly(fit_once()), error = function(e) {
  say(state = "failed", reason = conditionMessage(e))
  quit(status = 0)
})
peak <- held("VmHWM") - before

m <- fitted$model
session <- sessionInfo()
threads <- Sys.getenv(c("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), unset = NA)
result <- list(
  state = "fitted", first = fitted$seconds, peak_bytes = peak,
  beta = I(unname(coefficients_of(m))), se = I(unname(fitted$se)), loglik = as.numeric(logLik(m)) + saturated(m),
  reml = reml, messages = I(messages), evaluations = if (package == "lme4") m@optinfo$feval else m$fit$evaluations[[1]],
  software = list(
    R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4")),
    Matrix = as.character(packageVersion("Matrix")), blas = basename(session$BLAS), threads = as.list(threads)
  )
)
rm(m, fitted)
do.call(say, c(result, list(seconds = I(numeric()))))

times <- numeric()
begin <- Sys.time()
another <- function() {
  elapsed <- as.numeric(Sys.time() - begin, units = "secs")
  if (result$first >= 3 * seconds) return(FALSE)
  elapsed < seconds || (length(times) < 3 && elapsed + result$first < 3 * seconds)
}
# short fits for at least a second, but not more than 400 times
short <- function() length(times) < 400 && as.numeric(Sys.time() - begin, units = "secs") < 1
while ((length(times) < repeats || short()) && another()) times <- c(times, quietly(fit_once())$seconds)
do.call(say, c(result, list(seconds = I(times))))
