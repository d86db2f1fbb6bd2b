# Parts of the variance of generalized mixed models, and tests for overdispersion, by performance and insight; of counts
# also the model without predictors, and the residual variances that follow from its mean.
#   Rscript shares.R FOLDER OUT.json     FOLDER as written by `python -m reference.shares FOLDER`
suppressMessages({library(jsonlite); library(lme4); library(performance); library(insight)})
arguments <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(file.path(arguments[1], "cases.json"), simplifyVector = FALSE)
rows <- read.csv(file.path(arguments[1], "rows.csv"), stringsAsFactors = TRUE)
tight <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), tolPwrss = 1e-10)
standard <- c(binomial = "logit", poisson = "log", Gamma = "inverse")
number <- function(x) if (is.null(x)) NULL else lapply(x, function(one) unbox(signif(one, 15)))

fit <- function(formula, case) {
  formula <- as.formula(formula)
  if (case$family == "negative.binomial") return(glmer.nb(formula, rows, control = tight, nb.control = list(tol = 1e-9)))
  link <- if (is.null(case$link)) standard[[case$family]] else case$link
  glmer(formula, rows, get(case$family)(link), control = tight)
}
fit_single <- function(case) {
  if (case$family == "negative.binomial") return(MASS::glm.nb(as.formula(case$formula), rows))
  glm(as.formula(case$formula), get(case$family), rows)
}
overdispersion <- function(m) {
  found <- tryCatch(check_overdispersion(m), error = function(e) NULL)
  if (is.null(found)) return(NULL)
  c(number(unclass(found)[c("chisq_statistic", "dispersion_ratio", "residual_df", "p_value")]),
    list(text = capture.output(print(found))))
}
# lme4's variances of all random effects, in the mean over the rows
random_variance <- function(m) {
  sum(sapply(seq_along(ranef(m)), function(k) {
    sigma <- VarCorr(m)[[k]]
    z <- model.matrix(as.formula(paste("~", paste(setdiff(colnames(sigma), "(Intercept)"), collapse = "+"),
                                       if (ncol(sigma) == 1) "1")), rows)
    sum((z %*% sigma) * z) / nrow(z)
  }))
}
answer <- function(case) {
  m <- fit(case$formula, case)
  parts <- suppressWarnings(get_variance(m, verbose = FALSE))
  shares <- suppressWarnings(icc(m, verbose = FALSE))
  explained <- suppressWarnings(r2_nakagawa(m, verbose = FALSE))
  out <- list(fixed = parts$var.fixed, random = parts$var.random, residual = parts$var.residual,
              dispersion = parts$var.dispersion, adjusted = shares$ICC_adjusted, unadjusted = shares$ICC_unadjusted,
              marginal = unname(explained$R2_marginal), conditional = unname(explained$R2_conditional))
  if (case$family %in% c("poisson", "negative.binomial") && is.null(case$link)) {
    null <- fit(sub("~ x( [+] f)?", "~ 1", case$formula), case)
    offset <- if (grepl("offset", case$formula)) rows$o else 0
    size <- if (case$family == "negative.binomial") 1 / getME(m, "glmer.nb.theta") else 0
    if (!grepl("x [|]", case$formula)) {
      mean <- mean(exp(fixef(null)[[1]] + offset + random_variance(null) / 2))
      v <- 1 / mean + size
      out <- c(out, list(mean = mean, delta = v, lognormal = log1p(v), trigamma = trigamma(1 / v)))
    }
  }
  if (case$family == "Gamma") {
    v <- sigma(m)^2
    out <- c(out, list(delta = v, lognormal = log1p(v), trigamma = trigamma(1 / v)))
  }
  c(number(out), list(overdispersion = overdispersion(m)))
}
versions <- c(R = R.version.string, vapply(c("lme4", "performance", "insight"), function(p) as.character(packageVersion(p)), ""))
found <- lapply(cases$mixed, function(case) suppressMessages(suppressWarnings(answer(case))))
single <- lapply(cases$single, function(case) overdispersion(fit_single(case)))
writeLines(toJSON(list(versions = lapply(as.list(versions), unbox), mixed = found, single = single),
                  digits = NA, pretty = 1, null = "null"), arguments[2])
