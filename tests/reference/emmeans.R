# Means, slopes and contrasts by emmeans, of the models of emmeans.py.
#   Rscript emmeans.R FOLDER OUT.json     FOLDER as written by `python -m reference.emmeans FOLDER`
# The optimum of lmer is polished by Newton's steps, that of glmer by a narrow tolerance.
suppressMessages({library(jsonlite); library(lme4); library(lmerTest); library(emmeans)})
options(useFancyQuotes = FALSE)
set.seed(1)
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
quiet <- function(x) suppressWarnings(suppressMessages(x))

fit <- function(case) {
  kind <- if (is.null(case$kind)) "lmer" else case$kind
  family <- if (!is.null(case$family)) {
    paste0("family = ", case$family, "(", if (!is.null(case$link)) paste0("'", case$link, "'"), ")")
  }
  given <- c(case$formula, paste("data =", if (is.null(case$data)) "main" else case$data), family,
             if (identical(case$reml, FALSE)) "REML = FALSE",
             if (!is.null(case$prior)) paste("weights =", case$prior),
             if (!is.null(case$coding)) paste0("contrasts = list(", paste0(names(case$coding), " = 'contr.",
               unlist(case$coding), "'", collapse = ", "), ")"),
             if (kind == "lmer") "control = lmerControl(optimizer = 'polished', calc.derivs = FALSE)",
             if (kind == "glmer") paste("control = glmerControl(optimizer = 'nloptwrap', tolPwrss = 1e-12,",
               "optCtrl = list(xtol_abs = 1e-10, ftol_abs = 1e-12, maxeval = 20000))"),
             if (kind == "glm") "control = list(epsilon = 1e-14, maxit = 100)")
  call <- if (kind == "lmer") "lmerTest::lmer" else kind
  quiet(eval(parse(text = paste0(call, "(", paste(given, collapse = ", "), ")")), globalenv()))
}
as_table <- function(x) lapply(as.list(as.data.frame(x)), function(column) I(if (is.factor(column)) as.character(column) else column))
shown <- function(x) I(quiet(capture.output(print(x))))

reference <- function(case) {
  m <- fit(case)
  specs <- if (length(case$specs)) unlist(case$specs) else ~ 1
  given <- list(m, specs, by = unlist(case$by), at = if (!is.null(case$at)) lapply(case$at, unlist),
                weights = if (is.null(case$weights)) "equal" else case$weights,
                lmer.df = if (is.null(case$ddf)) "kenward-roger" else case$ddf, var = case$slope,
                type = if (is.null(case$type)) "link" else case$type,
                level = if (is.null(case$level)) 0.95 else case$level)
  given <- given[!vapply(given, is.null, NA)]
  found <- quiet(do.call(if (is.null(case$slope)) emmeans else emtrends, given))
  out <- list(means = as_table(summary(found)))
  if (isTRUE(case$printed)) out$printed <- list(means = shown(found))
  contrasts <- if (is.null(case$contrasts)) list(list("pairwise", "default")) else case$contrasts
  out$contrasts <- lapply(contrasts, function(one) {
    compared <- quiet(if (one[[2]] == "default") contrast(found, one[[1]]) else contrast(found, one[[1]], adjust = one[[2]]))
    each <- list(tests = as_table(quiet(summary(compared))), limits = as_table(quiet(confint(compared))))
    if (isTRUE(case$printed)) each$printed <- list(tests = shown(compared), limits = shown(confint(compared)))
    each
  })
  out
}

results <- list()
for (case in cases) {
  results[[case$name]] <- tryCatch(reference(case), error = function(e) list(error = conditionMessage(e)))
  if (!is.null(results[[case$name]]$error)) message(case$name, ": ", results[[case$name]]$error)
}
packages <- c("lme4", "lmerTest", "pbkrtest", "emmeans", "mvtnorm", "numDeriv", "nloptr")
versions <- c(R = R.version.string, vapply(packages, function(p) as.character(packageVersion(p)), ""))
entries <- vapply(names(results), function(name) paste0(toJSON(name, auto_unbox = TRUE), ": ",
  toJSON(results[[name]], auto_unbox = TRUE, digits = I(10), na = "null")), "")
writeLines(c("{", paste0('"software": ', toJSON(as.list(versions), auto_unbox = TRUE), ","), '"models": {',
             paste(entries, collapse = ",\n"), "}", "}"), arguments[2])
