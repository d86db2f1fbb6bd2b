# Diagnosis after a fit, by lme4, car, clubSandwich, performance and datawizard, on the models of diagnosis.py.
#   Rscript diagnosis.R FOLDER OUT.json     FOLDER as written by `python -m reference.diagnosis FOLDER`
# The optimum is polished by Newton's steps, as searches end next to it.
suppressMessages({library(jsonlite); library(lme4); library(car); library(clubSandwich); library(performance)})
arguments <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(file.path(arguments[1], "cases.json"), simplifyVector = FALSE)
for (path in list.files(arguments[1], "[.]csv$")) {
  assign(sub("[.]csv$", "", path), read.csv(file.path(arguments[1], path), stringsAsFactors = TRUE))
}
quiet <- function(x) suppressWarnings(suppressMessages(x))
polished <- function(fn, par, lower, upper, control) {
  # from several starts, as there is another minimum of some
  ends <- lapply(c(1, 0.2, 3), function(by) nloptwrap(by * par, fn, lower, upper,
    control = list(xtol_abs = 1e-12, ftol_abs = 1e-14, maxeval = 20000)))
  theta <- ends[[which.min(sapply(ends, function(end) end$fval))]]$par
  free <- !(lower == 0 & theta < 1e-4)
  along <- function(t) { all <- theta; all[free] <- t; fn(all) }
  for (k in 1:2) if (any(free)) {
    step <- tryCatch(solve(numDeriv::hessian(along, theta[free]), numDeriv::grad(along, theta[free])), error = function(e) 0)
    if (all(is.finite(step)) && max(abs(step)) < 0.01) theta[free] <- theta[free] - step
  }
  list(par = theta, fval = fn(theta), conv = 0, message = "", feval = 0)
}
fit <- function(case) {
  kind <- if (!is.null(case$kind)) case$kind else if (is.null(case$family)) "lmer" else "glmer"
  family <- if (!is.null(case$family)) paste0(case$family, if (!is.null(case$link)) paste0("('", case$link, "')"))
  control <- switch(kind, lmer = "control = lmerControl(optimizer = 'polished', calc.derivs = FALSE)",
                    glmer = "control = glmerControl(optimizer = 'nloptwrap', optCtrl = list(xtol_abs = 1e-10, ftol_abs = 1e-12, maxeval = 20000))")
  given <- c(case$formula, paste("data =", if (is.null(case$data)) "main" else case$data),
             if (!is.null(family)) paste("family =", family), if (identical(case$reml, FALSE)) "REML = FALSE",
             if (!is.null(case$weights)) paste("weights =", case$weights), control)
  quiet(eval(parse(text = paste0(kind, "(", paste(given, collapse = ", "), ")")), globalenv()))
}
short <- function(x) I(unname(signif(as.numeric(x), 9)))
shorter <- function(x) I(unname(signif(as.numeric(x), 6)))
columns <- function(x) lapply(as.list(as.data.frame(as.matrix(x))), short)

# lme4's influence() ends each of its searches loosely: its measures are taken of fits of our own
without <- function(m, g, case) {
  found <- quiet(influence(m, g))
  of <- function(what) what %+% "[-" %+% g %+% "]"
  levels <- rownames(found[[of("fixed.effects")]])
  data <- get(if (is.null(case$data)) "main" else case$data)
  fits <- lapply(levels, function(level) {
    rest <<- droplevels(data[data[[g]] != level, ])
    fit(c(case[setdiff(names(case), "data")], data = "rest"))
  })
  found[[of("fixed.effects")]][] <- t(sapply(fits, fixef))
  found[[of("vcov")]] <- lapply(fits, function(f) as.matrix(vcov(f)))
  list(levels = I(levels), fixef = columns(found[[of("fixed.effects")]]), sigma = short(sapply(fits, sigma)),
       cooks = short(cooks.distance(found)), dfbetas = columns(dfbetas(found)), vcov = lapply(found[[of("vcov")]], short))
}
`%+%` <- paste0

reference <- function(case) {
  m <- fit(case); mixed <- inherits(m, "merMod"); linear <- is.null(case$family); out <- list()
  if (mixed) {
    out$theta <- short(getME(m, "theta"))
    for (g in case$groups) out$without[[g]] <- without(m, g, case)
    if (linear) { out$hat <- shorter(hatvalues(m)); out$cooks <- shorter(cooks.distance(m)) }
    out$pca <- capture.output(print(rePCA(m)))
    out$pca_summary <- capture.output(print(summary(rePCA(m))))
    data <- if (is.null(case$data)) "main" else case$data
    found <- quiet(tryCatch(performance::icc(m), error = function(e) NULL))
    if (is.list(found)) out$icc <- short(unlist(found)[1:2])
    found <- quiet(tryCatch(performance::icc(m, by_group = TRUE), error = function(e) NULL))
    if (is.data.frame(found)) out$by_group <- list(group = I(found$Group), icc = short(found$ICC))
    found <- quiet(tryCatch(performance::r2_nakagawa(m), error = function(e) NULL))
    if (is.list(found)) out$r2 <- short(unlist(found)[1:2])
  } else {
    found <- influence.measures(m)$infmat
    out$measures <- lapply(as.list(as.data.frame(found)), shorter)
    out$rstudent <- shorter(rstudent(m))
  }
  found <- tryCatch(quiet(vif(m)), error = function(e) NULL)
  if (!is.null(found)) out$vif <- list(terms = I(if (is.matrix(found)) rownames(found) else names(found)), values = short(t(as.matrix(found))))
  if (!is.null(case$cluster)) {
    data <- get(if (is.null(case$data)) "main" else case$data)
    for (type in c("CR0", "CR1", "CR2")) {
      found <- quiet(tryCatch(vcovCR(m, type = type, cluster = data[[case$cluster]]), error = function(e) e))
      if (inherits(found, "error")) { out$robust_error <- conditionMessage(found); next }
      tests <- coef_test(m, vcov = found, test = "Satterthwaite")
      out$robust[[type]] <- list(vcov = short(as.matrix(found)), df = short(tests$df_Satt), p = short(tests$p_Satt))
    }
  }
  for (two in c(FALSE, TRUE)) {
    found <- quiet(tryCatch(datawizard::standardize(m, two_sd = two), error = function(e) e))
    if (inherits(found, "error")) { out$standardize_error <- conditionMessage(found); next }
    estimates <- if (mixed) fixef(found) else coef(found)
    out$standardized[[if (two) "two" else "one"]] <- list(names = I(names(estimates)), fixef = short(estimates))
  }
  out
}
results <- list()
for (case in cases) results[[case$name]] <- tryCatch(reference(case), error = function(e) list(error = conditionMessage(e)))
versions <- lapply(c(lme4 = "lme4", car = "car", clubSandwich = "clubSandwich", performance = "performance",
                     datawizard = "datawizard", insight = "insight"), function(p) as.character(packageVersion(p)))
write(toJSON(list(versions = c(R = R.version.string, versions), models = results), auto_unbox = TRUE, digits = 9),
      arguments[2])
