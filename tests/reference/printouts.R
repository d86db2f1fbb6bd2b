# How R prints the models of printouts.toml: the summary, with lmerTest's tests, the model itself, anova tables.
#   Rscript printouts.R FOLDER OUT.json     FOLDER as written by `python -m reference.printouts FOLDER`
suppressMessages({library(jsonlite); library(lme4)})
options(useFancyQuotes = FALSE)
arguments <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(file.path(arguments[1], "cases.json"), simplifyVector = FALSE)
for (path in list.files(arguments[1], "[.]csv$")) {
  assign(sub("[.]csv$", "", path), read.csv(file.path(arguments[1], path), stringsAsFactors = TRUE))
}

# The call as a user writes it: its text is what R prints of it.
fit <- function(case) {
  mixed <- !identical(case$model, "lm")
  given <- c(case$formula, paste("data =", case$data),
             if (mixed && identical(case$reml, FALSE)) "REML = FALSE",
             if (!is.null(case$weights)) paste("weights =", case$weights),
             if (!is.null(case$offset)) paste("offset =", case$offset))
  verb <- if (!mixed) "lm(" else if (isTRUE(case$tested)) "lmerTest::lmer(" else "lmer("
  call <- paste0(verb, paste(given, collapse = ", "), ")")
  suppressWarnings(suppressMessages(eval(parse(text = call), globalenv())))
}
as_printed <- function(case) {
  options(digits = if (is.null(case$digits)) 7 else case$digits,
          scipen = if (is.null(case$scipen)) 0 else case$scipen,
          width = if (is.null(case$width)) 80 else case$width)
  on.exit(options(digits = 7, scipen = 0, width = 80))
  how <- c(if (!is.null(case$table_digits)) list(digits = case$table_digits),
           if (!is.null(case$correlation)) list(correlation = case$correlation))
  if (!is.null(case$others)) {
    models <- list(fit(case))
    for (other in case$others) models <- c(models, fit(modifyList(case, other)))
    names(models) <- paste0("m", seq_along(models))
    for (name in names(models)) assign(name, models[[name]], globalenv())
    x <- eval(parse(text = paste0("anova(", paste(names(models), collapse = ", "),
                                  if (identical(case$refit, FALSE)) ", refit = FALSE", ")")), globalenv())
  } else {
    m <- fit(case)
    x <- if (identical(case$print, "model")) m
         else do.call(summary, c(list(quote(m)), if (inherits(m, "merMod")) how["correlation"[!is.null(case$correlation)]]))
  }
  # what is said by message() stands where the console shows it
  capture.output(withCallingHandlers(do.call(print, c(list(quote(x)), how)), message = function(said) {
    cat(conditionMessage(said))
    invokeRestart("muffleMessage")
  }))
}
texts <- list()
for (case in cases) texts[[case$name]] <- tryCatch(suppressMessages(as_printed(case)), error = function(e) paste("ERROR", conditionMessage(e)))
versions <- c(R = R.version.string, vapply(c("lme4", "lmerTest", "nloptr"), function(p) as.character(packageVersion(p)), ""))
writeLines(toJSON(list(versions = lapply(as.list(versions), unbox), texts = texts), auto_unbox = FALSE, pretty = 1), arguments[2])
