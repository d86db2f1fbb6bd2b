# Tests after a fit, by lmerTest and pbkrtest, on the models of hypothesis_tests.py.
#   Rscript hypothesis_tests.R FOLDER OUT.json     FOLDER as written by `python -m reference.hypothesis_tests FOLDER`
# The optimum is polished by Newton's steps, as pbkrtest's numbers are those of where a search has ended.
suppressMessages({library(jsonlite); library(lme4); library(lmerTest); library(pbkrtest)})
options(useFancyQuotes = FALSE)
arguments <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(file.path(arguments[1], "cases.json"), simplifyVector = FALSE)
for (path in list.files(arguments[1], "[.]csv$")) {
  assign(sub("[.]csv$", "", path), read.csv(file.path(arguments[1], path), stringsAsFactors = TRUE))
}

polished <- function(fn, par, lower, upper, control) {
  found <- nloptwrap(par, fn, lower, upper, control = list(xtol_abs = 1e-12, ftol_abs = 1e-14, maxeval = 20000))
  theta <- found$par
  free <- !(lower == 0 & theta < 1e-4)
  if (any(theta[lower == 0] < 1e-4)) theta[lower == 0 & theta < 1e-4] <- 0
  along <- function(t) { all <- theta; all[free] <- t; fn(all) }
  for (k in 1:3) if (any(free)) {
    step <- tryCatch(solve(numDeriv::hessian(along, theta[free]), numDeriv::grad(along, theta[free])), error = function(e) 0)
    if (all(is.finite(step)) && max(abs(step)) < 0.01) theta[free] <- theta[free] - step
  }
  list(par = theta, fval = fn(theta), conv = 0, message = "", feval = 0)
}

fit <- function(case, formula = case$formula) {
  given <- c(formula, paste("data =", if (is.null(case$data)) "main" else case$data),
             if (identical(case$reml, FALSE)) "REML = FALSE",
             if (!is.null(case$weights)) paste("weights =", case$weights),
             if (!is.null(case$contrasts)) paste0("contrasts = list(", paste0(names(case$contrasts), " = 'contr.",
               unlist(case$contrasts), "'", collapse = ", "), ")"),
             "control = lmerControl(optimizer = 'polished', calc.derivs = FALSE)")
  quiet(eval(parse(text = paste0("lmerTest::lmer(", paste(given, collapse = ", "), ")")), globalenv()))
}
quiet <- function(x) suppressWarnings(suppressMessages(x))
as_table <- function(x) c(list(rows = I(rownames(x))), lapply(as.list(as.data.frame(x)), function(column) I(column)))
shown <- function(x) capture.output(print(x))

reference <- function(case) {
  m <- fit(case)
  L <- rbind(rep(c(1, -0.5, 0.25), length.out = length(fixef(m))), rev(seq_along(fixef(m))))
  if (length(fixef(m)) < 2) L <- L[1, , drop = FALSE]
  out <- list(
    theta = I(unname(getME(m, "theta"))), sigma = sigma(m), singular = isSingular(m),
    satterthwaite = as_table(coef(summary(m))),
    anova = lapply(1:3, function(type) as_table(quiet(anova(m, type = type)))),
    drop1 = as_table(drop1(m)), ranova = as_table(quiet(ranova(m))),
    contest = as_table(contest(m, L)), contest_each = as_table(contest(m, L, joint = FALSE, rhs = 0.25))
  )
  if (!identical(case$reml, FALSE)) {
    adjusted <- as.matrix(vcovAdj(m))
    out$kr <- list(
      vcov = unname(adjusted), coefficients = as_table(coef(summary(m, ddf = "Kenward-Roger"))),
      anova = lapply(1:3, function(type) as_table(quiet(anova(m, type = type, ddf = "Kenward-Roger")))),
      contest = as_table(contest(m, L, ddf = "Kenward-Roger"))
    )
  }
  if (!is.null(case$smaller)) {
    compared <- quiet(KRmodcomp(m, fit(case, case$smaller)))
    out$within <- list(table = as_table(compared$test["Ftest", ]), printed = I(shown(compared)))
  }
  if (isTRUE(case$reduced)) {
    reduced <- quiet(step(m))
    out$reduced <- I(shown(reduced))
  }
  if (isTRUE(case$printed)) {
    out$printed <- list(type1 = shown(anova(m, type = 1)), type2 = shown(anova(m, type = 2)), type3 = shown(anova(m)),
                        drop1 = shown(drop1(m)), ranova = shown(quiet(ranova(m))))
    if (!is.null(out$kr)) {
      out$printed$kr <- shown(anova(m, ddf = "Kenward-Roger"))
      # the line that tells of the optimiser is left out
      out$printed$kr_summary <- grep("^Control:", shown(summary(m, ddf = "Kenward-Roger")), invert = TRUE, value = TRUE)
      out$printed$kr_drop1 <- shown(drop1(m, ddf = "Kenward-Roger"))
    }
  }
  out
}

results <- list()
for (case in cases) {
  results[[case$name]] <- tryCatch(reference(case), error = function(e) list(error = conditionMessage(e)))
  if (!is.null(results[[case$name]]$error)) message(case$name, ": ", results[[case$name]]$error)
}
packages <- c("lme4", "lmerTest", "pbkrtest", "numDeriv", "nloptr")
versions <- c(R = R.version.string, vapply(packages, function(p) as.character(packageVersion(p)), ""))
entries <- vapply(names(results), function(name) paste0(toJSON(name, auto_unbox = TRUE), ": ",
  toJSON(results[[name]], auto_unbox = TRUE, digits = I(11), na = "null")), "")
writeLines(c("{", paste0('"software": ', toJSON(as.list(versions), auto_unbox = TRUE), ","), '"models": {',
             paste(entries, collapse = ",\n"), "}", "}"), arguments[2])
