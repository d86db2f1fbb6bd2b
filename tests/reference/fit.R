# How the reference scripts fit with lme4: at its defaults, and at the best optimum that can be reached.
# nlminb, nloptr's BOBYQA and minqa's bobyqa search lme4's own deviance function from several starts, in
# parameters scaled by the sizes of the random-effects columns; Newton steps with Richardson derivatives end it.
suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
  library(numDeriv)
})
invisible(Sys.setlocale("LC_ALL", "C"))

software <- function(...) {
  version <- function(name) as.character(packageVersion(name))
  packages <- c("lme4", "Matrix", "nloptr", "minqa", "numDeriv", ...)
  c(list(R = as.character(getRversion())), sapply(packages, version, simplify = FALSE))
}

parsed <- function(formula, data, reml, weights = NULL, offset = NULL) {
  arguments <- list(formula = as.formula(formula), data = data, REML = reml)
  if (!is.null(weights)) arguments$weights <- weights
  if (!is.null(offset)) arguments$offset <- offset
  suppressMessages(suppressWarnings(do.call(lFormula, arguments)))
}

# one over the root mean square of the random-effects column that each element of theta multiplies
theta_scale <- function(terms) {
  # the transposed random-effects matrix has the columns of a term together for each level
  unlist(lapply(seq_along(terms$cnms), function(i) {
    z <- terms$Ztlist[[i]]
    k <- length(terms$cnms[[i]])
    size <- sapply(seq_len(k), function(j) {
      part <- z[seq(j, nrow(z), by = k), , drop = FALSE]
      sqrt(sum(part@x^2) / ncol(z))
    })
    rows <- outer(seq_len(k), rep(1, k))
    1 / size[rows[lower.tri(rows, diag = TRUE)]]
  }))
}

searches <- list(
  nlminb = function(p, f, lower) {
    tight <- list(rel.tol = 1e-15, x.tol = 1e-12, iter.max = 500, eval.max = 2000)
    nlminb(p, f, lower = lower, control = tight)$par
  },
  nlopt_bobyqa = function(p, f, lower) {
    tight <- list(xtol_abs = 1e-11, ftol_abs = 1e-13, maxeval = 5000)
    nloptwrap(p, f, lower, rep(Inf, length(p)), control = tight)$par
  },
  minqa_bobyqa = function(p, f, lower) {
    if (length(p) == 1) return(p)
    minqa::bobyqa(p, f, lower = lower, control = list(rhobeg = 0.02, rhoend = 1e-9, maxfun = 5000))$par
  }
)

newton <- function(p, f, lower) {
  free <- which(!(lower == 0 & abs(p) < 1e-6))
  p[-free][lower[-free] == 0] <- 0
  if (!length(free)) return(list(par = p, gradient = 0))
  inside <- function(q) f(replace(p, free, q))
  q <- p[free]
  slope <- grad(inside, q)
  for (step in 1:4) {
    spectrum <- eigen(hessian(inside, q), symmetric = TRUE)
    keep <- spectrum$values > 1e-6 * max(spectrum$values)
    if (!any(keep)) break
    u <- spectrum$vectors[, keep, drop = FALSE]
    trial <- q - as.vector(u %*% (crossprod(u, slope) / spectrum$values[keep]))
    if (any(trial[lower[free] == 0] < 0) || inside(trial) > inside(q) + 1e-9) break
    trial_slope <- grad(inside, trial)
    if (max(abs(trial_slope)) >= max(abs(slope))) break
    q <- trial
    slope <- trial_slope
  }
  list(par = replace(p, free, q), gradient = max(abs(slope)))
}

# the best optimum: a list of theta, deviance, gradient (largest, in scaled parameters) and the deviance function;
# `thorough = FALSE` searches from one start only, for data that are slow to fit
best_optimum <- function(lf, reml, default_theta, thorough = TRUE) {
  # the deviance function overwrites the theta it was made with in place: "+ 0" makes copies
  initial <- lf$reTrms$theta + 0
  fresh <- function() mkLmerDevfun(lf$fr, lf$X, replace(lf$reTrms, "theta", list(initial + 0)), REML = reml)
  f <- fresh()
  lower <- lf$reTrms$lower
  scale <- theta_scale(lf$reTrms)
  scaled <- function(p) {
    value <- tryCatch(f(p * scale), error = function(e) NA_real_)
    if (is.finite(value)) return(value)
    # after one failed factorisation the function returns NaN for good
    f <<- fresh()
    1e300
  }
  p <- default_theta / scale
  starts <- list(p, initial, 0.2 * initial, 2 * initial + 0.3)
  if (!thorough) starts <- starts[1]
  found <- unlist(lapply(starts, function(start) {
    lapply(searches[1:2], function(search) suppressWarnings(search(start, scaled, lower)))
  }), recursive = FALSE)
  values <- sapply(found, scaled)
  p <- found[[which.min(values)]]
  for (again in seq_len(2 * thorough)) {
    for (search in searches) {
      trial <- suppressWarnings(search(p, scaled, lower))
      if (scaled(trial) < scaled(p)) p <- trial
    }
  }
  # a parameter that is better at exactly zero, or no worse, is zero
  for (i in which(lower == 0)) {
    trial <- replace(p, i, 0)
    if (scaled(trial) <= scaled(p) + 1e-10) p <- trial
  }
  polished <- newton(p, scaled, lower)
  theta <- polished$par * scale
  list(theta = theta, deviance = f(theta), gradient = polished$gradient, deviance_function = f)
}

default_fit <- function(formula, data, reml, weights = NULL, offset = NULL) {
  arguments <- list(formula = as.formula(formula), data = data, REML = reml)
  if (!is.null(weights)) arguments$weights <- weights
  if (!is.null(offset)) arguments$offset <- offset
  said <- character()
  m <- withCallingHandlers(
    do.call(lmer, arguments),
    warning = function(w) { said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning") },
    message = function(w) { said <<- c(said, conditionMessage(w)); invokeRestart("muffleMessage") }
  )
  said <- unique(trimws(gsub("\\s+", " ", said)))
  list(
    theta = I(unname(getME(m, "theta"))), deviance = as.numeric(-2 * logLik(m)),
    singular = isSingular(m), messages = I(said)
  )
}

fitted_at <- function(lf, optimum) {
  value <- optimum$deviance_function(optimum$theta)
  opt <- list(par = optimum$theta, fval = value, conv = 0, message = "")
  mkMerMod(environment(optimum$deviance_function), opt, lf$reTrms, fr = lf$fr)
}

# three levels of each random-effects column (first, middle, last) and the sums over all of them
random_effects <- function(m) {
  all <- as.data.frame(ranef(m, condVar = TRUE))
  parts <- split(all, list(all$grpvar, all$term), drop = TRUE)
  lapply(unname(parts), function(part) {
    n <- nrow(part)
    place <- unique(c(1, ceiling(n / 2), n))
    part <- part[order(as.character(part$grp), method = "radix"), ]
    list(
      grpvar = as.character(part$grpvar[1]), term = as.character(part$term[1]), levels = n,
      grp = I(as.character(part$grp[place])), condval = I(part$condval[place]), condsd = I(part$condsd[place]),
      condval_squares = sum(part$condval^2), condsd_sum = sum(part$condsd)
    )
  })
}

estimates <- function(m, reml) {
  v <- as.data.frame(VarCorr(m))
  # vcov() calls a matrix of very unequal units not positive definite, so from lme4's factor directly
  se <- sigma(m) * sqrt(diag(m@pp$unsc()))
  list(
    theta = I(unname(getME(m, "theta"))), sigma = sigma(m),
    terms = I(names(fixef(m))), fixef = I(unname(fixef(m))), se = I(se),
    varcorr = list(grp = I(v$grp), var1 = I(v$var1), var2 = I(v$var2), vcov = I(v$vcov), sdcor = I(v$sdcor)),
    loglik = as.numeric(logLik(m)), aic = AIC(m), bic = BIC(m), nobs = nobs(m),
    df_resid = df.residual(m), groups = as.list(sapply(ranef(m, condVar = FALSE), nrow)),
    ranef = random_effects(m), singular = isSingular(m)
  )
}

as_json <- function(x) as.character(toJSON(x, auto_unbox = TRUE, digits = I(12), na = "null", null = "null"))

# one entry a line, so that a change shows in a diff
write_entries <- function(header, entries, path) {
  lines <- paste0("  ", sapply(names(entries), as_json), ": ", sapply(entries, as_json))
  body <- paste(lines, collapse = ",\n")
  writeLines(paste0("{\n \"software\": ", as_json(header), ",\n \"fits\": {\n", body, "\n }\n}"), path)
}
