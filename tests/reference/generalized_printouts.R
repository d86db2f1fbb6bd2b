# How R prints generalized mixed models: the summary, the model itself, comparisons. lme4 is told to search to a tight
# tolerance, and its standard errors are from numDeriv's second derivatives of its own criterion: at its defaults it ends
# where printed digits are not yet settled, and differences of a criterion with noise are right to 2 to 4 digits. What the
# call says of that is not printed, nor what checks by such differences say.
#   Rscript generalized_printouts.R FOLDER OUT.json     FOLDER by `python -m reference.generalized_printouts FOLDER`
suppressMessages({library(jsonlite); library(lme4)})
options(useFancyQuotes = FALSE, width = 80)
arguments <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(file.path(arguments[1], "cases.json"), simplifyVector = FALSE)
rows <- read.csv(file.path(arguments[1], "rows.csv"), stringsAsFactors = TRUE)
tight <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.02, rhoend = 1e-9, maxfun = 1e6), tolPwrss = 1e-12)

fit <- function(case) {
  family <- if (is.null(case$family)) "binomial" else case$family
  counts <- family == "negative.binomial"
  given <- c(case$formula, "data = rows",
             if (!counts) paste0("family = ", family, if (!is.null(case$link)) sprintf('("%s")', case$link)),
             if (!is.null(case$n_agq)) paste("nAGQ =", case$n_agq),
             if (!is.null(case$weights)) paste("weights =", case$weights),
             if (!is.null(case$offset)) paste("offset =", case$offset), "control = tight",
             if (counts) "nb.control = list(tol = 1e-10)")
  call <- paste0(if (counts) "glmer.nb(" else "glmer(", paste(given, collapse = ", "), ")")
  m <- suppressWarnings(suppressMessages(eval(parse(text = call), globalenv())))
  if (!identical(case$n_agq, 0L)) {
    criterion <- suppressWarnings(suppressMessages(update(m, devFunOnly = TRUE)))
    m@optinfo$derivs$Hessian <- numDeriv::hessian(criterion, c(getME(m, "theta"), fixef(m)), method.args = list(d = 0.1, r = 6))
  }
  m@optinfo$conv$lme4 <- list()
  m@call$control <- NULL
  m
}
as_printed <- function(case) {
  if (!is.null(case$others)) {
    models <- list(fit(case))
    for (other in case$others) models <- c(models, fit(modifyList(case, other)))
    names(models) <- paste0("m", seq_along(models))
    for (name in names(models)) assign(name, models[[name]], globalenv())
    x <- eval(parse(text = paste0("anova(", paste(names(models), collapse = ", "), ")")), globalenv())
  } else {
    m <- fit(case)
    x <- if (identical(case$print, "model")) m else if (is.null(case$correlation)) summary(m) else
      summary(m, correlation = case$correlation)
  }
  # what is said by message() stands where the console shows it
  capture.output(withCallingHandlers(do.call(print, c(list(quote(x)), digits = case$digits)), message = function(said) {
    cat(conditionMessage(said))
    invokeRestart("muffleMessage")
  }))
}
texts <- list()
for (case in cases) texts[[case$name]] <- tryCatch(suppressMessages(as_printed(case)), error = function(e) paste("ERROR", conditionMessage(e)))
versions <- c(R = R.version.string, lme4 = as.character(packageVersion("lme4")))
writeLines(toJSON(list(versions = lapply(as.list(versions), unbox), texts = texts), auto_unbox = FALSE, pretty = 1), arguments[2])
