# Profile intervals by lme4, on the models of profiles.py.
#   Rscript profile.R FOLDER OUT.json     FOLDER as written by `python -m reference.profiles FOLDER`
# lme4 interpolates between points of a curve; where it fails, its message is kept.
suppressMessages({library(jsonlite); library(lme4)})
arguments <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(file.path(arguments[1], "cases.json"), simplifyVector = FALSE)
for (path in list.files(arguments[1], "[.]csv$")) {
  assign(sub("[.]csv$", "", path), read.csv(file.path(arguments[1], path), stringsAsFactors = TRUE))
}
quiet <- function(x) suppressWarnings(suppressMessages(x))

fit <- function(case) {
  generalized <- !is.null(case$family)
  given <- c(case$formula, paste("data =", if (is.null(case$data)) "main" else case$data),
             if (generalized) paste("family =", case$family),
             if (!is.null(case$nAGQ)) paste("nAGQ =", case$nAGQ),
             if (identical(case$reml, FALSE)) "REML = FALSE",
             if (!is.null(case$weights)) paste("weights =", case$weights),
             if (!is.null(case$contrasts)) paste0("contrasts = list(", paste0(names(case$contrasts), " = 'contr.",
               unlist(case$contrasts), "'", collapse = ", "), ")"))
  quiet(eval(parse(text = paste0(if (generalized) "glmer(" else "lmer(", paste(given, collapse = ", "), ")")), globalenv()))
}

reference <- function(case) {
  limits <- quiet(confint(fit(case), method = "profile", oldNames = FALSE, quiet = TRUE))
  list(rows = I(rownames(limits)), lower = I(unname(limits[, 1])), upper = I(unname(limits[, 2])))
}

results <- list()
for (case in cases) {
  results[[case$name]] <- tryCatch(reference(case), error = function(e) list(error = conditionMessage(e)))
  if (!is.null(results[[case$name]]$error)) message(case$name, ": ", results[[case$name]]$error)
}
versions <- c(R = R.version.string, lme4 = as.character(packageVersion("lme4")))
entries <- vapply(names(results), function(name) paste0(toJSON(name, auto_unbox = TRUE), ": ",
  toJSON(results[[name]], auto_unbox = TRUE, digits = I(11), na = "null")), "")
writeLines(c("{", paste0('"software": ', toJSON(as.list(versions), auto_unbox = TRUE), ","), '"models": {',
             paste(entries, collapse = ",\n"), "}", "}"), arguments[2])
