# Fits every design of generalized_designs.py with lme4, at its defaults and at the best optimum of its own criterion,
# and with glmmTMB where that approximates the same likelihood (links under which expected and observed information are
# the same, no dispersion).
#   Rscript generalized.R FOLDER OUT.json [KEY ...]     FOLDER as written by `python -m reference.generalized_designs`
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "fit.R"))

read_design <- function(entry, folder) {
  data <- read.csv(file.path(folder, paste0(entry$key, ".csv")), stringsAsFactors = TRUE)
  for (name in unlist(entry$numeric_factors)) data[[name]] <- factor(data[[name]])
  data
}

family_of <- function(entry, theta = NULL) {
  if (entry$family == "negative.binomial") return(MASS::negative.binomial(theta, link = entry$link))
  get(entry$family)(link = entry$link)
}

# tight inner iterations: at lme4's default of 1e-7 its criterion has noise of 1e-6
TIGHT <- glmerControl(tolPwrss = 1e-12, check.rankX = "silent.drop.cols")

arguments_of <- function(entry, data, family) {
  list(
    formula = as.formula(entry$formula), data = data, family = family,
    weights = if (nzchar(entry$weights)) data[[entry$weights]],
    offset = if (nzchar(entry$offset)) data[[entry$offset]]
  )
}

criterion <- function(entry, data, family) {
  parts <- do.call(glFormula, arguments_of(entry, data, family))
  f <- do.call(mkGlmerDevfun, c(parts, list(control = TIGHT)))
  first <- optimizeGlmer(f)
  f <- updateGlmerDevfun(f, parts$reTrms, nAGQ = entry$n_agq)
  list(f = f, parts = parts, first = first, start = c(first$par, environment(f)$pp$beta(1)))
}

best_of <- function(cr, start = cr$start) {
  lower <- c(cr$parts$reTrms$lower, rep(-Inf, length(start) - length(cr$parts$reTrms$lower)))
  safe <- function(p) {
    value <- tryCatch(cr$f(p), error = function(e) NA_real_)
    if (is.finite(value)) value else 1e300
  }
  p <- start
  for (round in 1:3) {
    for (search in searches[c("nlopt_bobyqa", "nlminb", "minqa_bobyqa")]) {
      trial <- tryCatch(suppressWarnings(search(p, safe, lower)), error = function(e) p)
      if (safe(trial) < safe(p)) p <- trial
    }
  }
  for (i in which(lower == 0)) {
    trial <- replace(p, i, 0)
    if (safe(trial) <= safe(p) + 1e-9) p <- trial
  }
  list(par = p, value = safe(p), conv = 0, fval = safe(p), message = "")
}

# what lme4's criterion for quadrature leaves out: minus twice the log-likelihood of a parameter for each row
saturated <- function(m) {
  y <- getME(m, "y")
  w <- weights(m, type = "prior")
  if (family(m)$family == "binomial") return(-2 * sum(dbinom(round(w * y), round(w), y, log = TRUE)))
  -2 * sum(dpois(y, y, log = TRUE))
}

stored <- function(entry, cr, best) {
  value <- cr$f(best$par)
  m <- mkMerMod(environment(cr$f), best, cr$parts$reTrms, fr = cr$parts$fr)
  n_theta <- length(getME(m, "theta"))
  h <- tryCatch(hessian(cr$f, best$par), error = function(e) NULL)
  value <- cr$f(best$par)
  inner <- -seq_len(n_theta)
  free <- c(best$par[seq_len(n_theta)] > 1e-6 | cr$parts$reTrms$lower < 0, rep(TRUE, length(best$par) - n_theta))
  se <- tryCatch({
    v <- matrix(NA_real_, length(best$par), length(best$par))
    v[free, free] <- 2 * solve(h[free, free])
    sqrt(diag(v))[inner]
  }, error = function(e) rep(NA_real_, length(best$par) - n_theta))
  full <- value + if (entry$n_agq > 1) saturated(m) else 0
  v <- as.data.frame(VarCorr(m))
  list(
    minus_two_log_likelihood = full, deviance = deviance(m), theta = I(best$par[seq_len(n_theta)]), sigma = sigma(m),
    terms = I(names(fixef(m))), fixef = I(unname(fixef(m))), se = I(se),
    information_se = I(unname(sigma(m) * sqrt(diag(m@pp$unsc())))),
    varcorr = list(grp = I(v$grp), var1 = I(v$var1), var2 = I(v$var2), vcov = I(v$vcov), sdcor = I(v$sdcor)),
    df = attr(logLik(m), "df"), nobs = nobs(m), groups = as.list(sapply(ranef(m, condVar = FALSE), nrow)),
    ranef = random_effects(m), fitted_squares = sum(fitted(m)^2), residual_sum = sum(residuals(m)),
    singular = isSingular(m)
  )
}

by_lme4 <- function(entry, data) {
  if (entry$family != "negative.binomial") {
    cr <- criterion(entry, data, family_of(entry))
    return(stored(entry, cr, best_of(cr)))
  }
  start <- NULL
  profile <- function(log_theta) {
    cr <- criterion(entry, data, family_of(entry, exp(log_theta)))
    best <- best_of(cr, if (is.null(start)) cr$start else start)
    start <<- best$par
    best$value
  }
  found <- optimize(profile, c(-3, 5), tol = 1e-5)
  cr <- criterion(entry, data, family_of(entry, exp(found$minimum)))
  c(list(size = exp(found$minimum)), stored(entry, cr, best_of(cr, start)))
}

by_default <- function(entry, data) {
  tryCatch(suppressMessages(suppressWarnings({
    m <- if (entry$family == "negative.binomial") {
      glmer.nb(as.formula(entry$formula), data = data)
    } else {
      do.call(glmer, c(arguments_of(entry, data, family_of(entry)), list(nAGQ = entry$n_agq)))
    }
    list(
      theta = I(unname(getME(m, "theta"))), fixef = I(unname(fixef(m))), loglik = as.numeric(logLik(m)),
      size = if (entry$family == "negative.binomial") getME(m, "glmer.nb.theta")
    )
  })), error = function(e) list(error = conditionMessage(e)))
}

CANONICAL <- c("binomial logit", "poisson log")

by_glmmtmb <- function(entry, data) {
  if (!(paste(entry$family, entry$link) %in% CANONICAL) || entry$n_agq > 1) return(NULL)
  # `||` is of lme4's formulas only; diag() has a variance for each column
  text <- gsub("\\(([^()|]*)\\|\\|([^()]*)\\)", "diag(\\1|\\2)", entry$formula)
  a <- arguments_of(entry, data, family_of(entry))
  a$formula <- as.formula(text)
  tryCatch(suppressMessages(suppressWarnings({
    m <- do.call(glmmTMB::glmmTMB, a)
    list(
      minus_two_log_likelihood = -2 * as.numeric(logLik(m)), fixef = I(unname(glmmTMB::fixef(m)$cond)),
      se = I(unname(sqrt(diag(vcov(m)$cond))))
    )
  })), error = function(e) list(error = conditionMessage(e)))
}

reference <- function(entry, folder) {
  data <- read_design(entry, folder)
  best <- tryCatch(suppressMessages(suppressWarnings(by_lme4(entry, data))),
    error = function(e) list(error = conditionMessage(e)))
  c(entry[c("formula", "family", "link", "n_agq", "hash")],
    list(default = by_default(entry, data), best = best, glmmTMB = by_glmmtmb(entry, data)))
}

arguments <- commandArgs(trailingOnly = TRUE)
manifest <- fromJSON(file.path(arguments[1], "manifest.json"), simplifyVector = FALSE)
wanted <- arguments[-(1:2)]
if (length(wanted)) manifest <- Filter(function(entry) entry$key %in% wanted, manifest)
results <- lapply(manifest, function(entry) {
  found <- reference(entry, arguments[1])
  cat(entry$key, if (!is.null(found$best$error)) found$best$error, "\n", file = stderr())
  found
})
names(results) <- sapply(manifest, `[[`, "key")
write_entries(software("glmmTMB", "MASS"), results, arguments[2])
