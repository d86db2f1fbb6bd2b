# Tests of generalized mixed models: car's Anova() and likelihood ratios, on the models of generalized_tests.py.
#   Rscript generalized_tests.R FOLDER OUT.json    FOLDER as written by `python -m reference.generalized_tests FOLDER`
suppressMessages({library(jsonlite); library(lme4); library(car); library(MASS)})
arguments <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(file.path(arguments[1], "cases.json"), simplifyVector = FALSE)
# the deviance is exact to its last digits, so that its numerical second derivatives, of which vcov() is, are good
tight <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13, optCtrl = list(rhoend = 1e-8, maxfun = 1e5))
quiet <- function(x) suppressWarnings(suppressMessages(x))

fit <- function(case, random) {
  formula <- as.formula(paste(c(case$fixed, random), collapse = " + "))
  counts <- case$family == "negative.binomial"
  family <- if (!counts) do.call(case$family, list(link = case$link))
  if (is.null(random)) {
    if (counts) return(quiet(glm.nb(formula, rows, control = glm.control(epsilon = 1e-12, maxit = 200))))
    return(glm(formula, family, rows, control = glm.control(epsilon = 1e-12, maxit = 200)))
  }
  if (counts) return(quiet(glmer.nb(formula, rows, control = tight, nb.control = list(tol = 1e-9))))
  quiet(glmer(formula, rows, family, control = tight))
}

# Wald statistics of a term with all after it, less those of these
sequential <- function(m) {
  b <- fixef(m); V <- as.matrix(vcov(m)); assign <- attr(model.matrix(m), "assign")
  if (length(assign) != length(b)) assign <- assign[colnames(model.matrix(terms(m), model.frame(m))) %in% names(b)]
  wald <- function(k) if (any(k)) drop(b[k] %*% solve(V[k, k, drop = FALSE], b[k])) else 0
  sapply(1:max(assign), function(t) wald(assign >= t) - wald(assign > t))
}

found <- lapply(cases, function(case) {
  rows <<- read.csv(file.path(arguments[1], case$data), stringsAsFactors = TRUE)
  options(contrasts = c("contr.treatment", "contr.poly"))
  m <- fit(case, case$random)
  two <- Anova(m, type = 2)
  smaller <- case$smaller
  ratios <- sapply(smaller, function(random) {
    other <- fit(case, random)
    c(2 * (as.numeric(logLik(m)) - as.numeric(logLik(other))), attr(logLik(m), "df") - attr(logLik(other), "df"))
  })
  out <- list(terms = I(rownames(two)), one = I(sequential(m)), two = I(two$Chisq), df = I(two$Df),
              printed = I(capture.output(print(two))),
              loglik = as.numeric(logLik(m)), lrt = I(ratios[1, ]), lost = I(ratios[2, ]))
  if (is.null(case$subset)) {
    options(contrasts = c("contr.sum", "contr.poly"))
    three <- Anova(fit(case, case$random), type = 3)
    out$three <- I(three$Chisq[-1])
  }
  out
})
names(found) <- sapply(cases, function(case) case$name)
versions <- sapply(c("lme4", "car", "MASS"), function(name) as.character(packageVersion(name)))
write_json(list(versions = as.list(versions), models = found), arguments[2], auto_unbox = TRUE, digits = 10)
