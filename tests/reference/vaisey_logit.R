# The logits of the chapter on the Vaisey slides by lme4: satisfied countries from the twin of this repository, homes
# drawn by the generator of Park & Miller, which gives the same numbers in any language.
#   Rscript vaisey_logit.R vaisey_logit.json
# lme4 at its defaults takes second derivatives by differences of a criterion that has noise. So that criterion, with
# inner iterations to 1e-13, the least with which they end, is minimised further, and standard errors are from
# Richardson's derivatives of it with wide steps. In Laplace's approximation they are still known to 1e-4 only;
# glmmTMB, which approximates the same likelihood, has derivatives by differentiation.
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "fit.R"))

TIGHT <- glmerControl(tolPwrss = 1e-13)

fit <- function(formula, data, n_agq = 1) {
  parts <- glFormula(formula, data, family = binomial)
  f <- do.call(mkGlmerDevfun, c(parts, list(control = TIGHT)))
  first <- optimizeGlmer(f)
  f <- updateGlmerDevfun(f, parts$reTrms, nAGQ = n_agq)
  p <- c(first$par, environment(f)$pp$beta(1))
  root <- t(chol(2 * solve(hessian(f, p))))
  for (round in 1:2) {
    # in units in which the criterion is a sphere: estimates are correlated up to -0.99
    at <- function(z) f(p + c(root %*% z))
    z <- rep(0, length(p))
    for (search in searches[c("nlopt_bobyqa", "minqa_bobyqa")]) {
      trial <- search(z, at, rep(-Inf, length(p)))
      if (at(trial) < at(z)) z <- trial
    }
    p <- p + c(root %*% z)
    # steps of a standard error and its halves: far above the criterion's noise
    curved <- hessian(function(z) f(p + c(root %*% z)), 0 * z, method.args = list(eps = 1))
    v <- 2 * root %*% solve(curved, t(root))
    root <- t(chol((v + t(v)) / 2))
  }
  v <- v[-1, -1, drop = FALSE]
  best <- list(par = p, fval = f(p), conv = 0, message = "")
  m <- mkMerMod(environment(f), best, parts$reTrms, fr = parts$fr)
  terms <- colnames(parts$X)
  list(m = m, fixef = setNames(p[-1], terms), vcov = array(v, dim(v), list(terms, terms)), tau = unname(p[1]), criterion = f(p))
}

default <- function(formula, data) {
  m <- suppressWarnings(glmer(formula, data, family = binomial))
  list(fixef = as.list(fixef(m)), se = as.list(sqrt(diag(vcov(m)))))
}

by_glmmtmb <- function(formula, data) {
  m <- glmmTMB::glmmTMB(formula, data, family = binomial)
  list(
    fixef = as.list(glmmTMB::fixef(m)$cond), se = as.list(sqrt(diag(vcov(m)$cond))),
    minus_two_log_likelihood = -2 * as.numeric(logLik(m))
  )
}

# outcomes of 0 and 1: a parameter for each row has likelihood 1, so lme4's scales of the criterion are one
numbers <- function(found) {
  tau <- found$tau
  latent <- tau^2 / (tau^2 + pi^2 / 3)
  list(
    fixef = as.list(found$fixef), se = as.list(sqrt(diag(found$vcov))), tau = tau,
    minus_two_log_likelihood = found$criterion, icc = latent, median_odds_ratio = exp(sqrt(2) * tau * qnorm(0.75))
  )
}

ratios <- function(found, level = 0.95) {
  half <- qnorm((1 + level) / 2) * sqrt(diag(found$vcov))
  apply(exp(cbind(found$fixef, found$fixef - half, found$fixef + half)), 1, as.list)
}

probability <- function(found, x) {
  eta <- sum(x * found$fixef)
  half <- qnorm(0.975) * sqrt(c(x %*% found$vcov %*% x))
  list(fit = plogis(eta), lower = plogis(eta - half), upper = plogis(eta + half))
}

uniforms <- function(n, seed) {
  found <- numeric(n)
  for (i in 1:n) {
    seed <- (16807 * seed) %% 2147483647
    found[i] <- seed / 2147483647
  }
  found
}

draw_homes <- function(homes = 500, members = 4, slope = 0.15, tau = 2) {
  n <- homes * members
  u <- uniforms(homes + 2 * n, seed = 202007)
  home <- rep(seq_len(homes), each = members)
  eduyrs <- round(12 + 3 * qnorm(u[homes + 1:n]))
  logit <- slope * (eduyrs - 12) + tau * qnorm(u[home])
  data.frame(home, eduyrs, satisfied = as.integer(u[homes + n + 1:n] < plogis(logit)))
}

d <- read.csv(gzfile(file.path(here, "../../data/twins/vaisey.csv.gz")))
names(d)[names(d) == "gdp_pc"] <- "gnipc1000"
d$satisfied <- as.integer(d$stflife >= 8)
d$b.eduyrs <- ave(d$eduyrs, d$cntry)
homes <- draw_homes()
of_homes <- satisfied ~ eduyrs + (1 | home)
of_countries <- satisfied ~ gnipc1000 + b.eduyrs + (1 | cntry)

of_none <- satisfied ~ 1 + (1 | cntry)
logit <- fit(of_countries, d)
average <- mean(d$b.eduyrs)
income <- logit$fixef[["gnipc1000"]] + c(0, -1, 1) * qnorm(0.975) * sqrt(logit$vcov["gnipc1000", "gnipc1000"])
ordinary <- glm(satisfied ~ eduyrs, binomial, homes, control = glm.control(epsilon = 1e-14))
all_of <- function(formula, data) {
  list(
    laplace = numbers(fit(formula, data)), default = default(formula, data), glmmTMB = by_glmmtmb(formula, data),
    quadrature = lapply(c("9" = 9, "25" = 25), function(n_agq) numbers(fit(formula, data, n_agq)))
  )
}
empty <- fit(of_none, d)
results <- list(
  null = list(
    laplace = numbers(empty), glmmTMB = by_glmmtmb(of_none, d),
    middle_95 = plogis(empty$fixef[[1]] + c(-1, 1) * qnorm(0.975) * empty$tau)
  ),
  countries = c(all_of(of_countries, d), list(
    reversed = default(of_countries, d[rev(seq_len(nrow(d))), ]),
    centred = default(satisfied ~ scale(gnipc1000, scale = FALSE) + scale(b.eduyrs, scale = FALSE) + (1 | cntry), d),
    satisfied = as.list(tapply(d$satisfied, d$cntry, sum)), mean_education = average,
    aic = AIC(logit$m), bic = BIC(logit$m), residuals = unname(quantile(residuals(logit$m, "pearson"))),
    ratios = ratios(logit), ten_thousand = exp(10 * income),
    at = lapply(c("10" = 10, "50" = 50), function(gni) probability(logit, c(1, gni, average)))
  )),
  homes = c(all_of(of_homes, homes), list(
    satisfied = sum(homes$satisfied), product = sum(homes$satisfied * homes$eduyrs),
    ordinary = list(fixef = as.list(coef(ordinary)), se = as.list(sqrt(diag(vcov(ordinary)))))
  ))
)
write_entries(software("glmmTMB"), results, commandArgs(trailingOnly = TRUE)[1])
