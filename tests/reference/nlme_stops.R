# How far from the optimum nlme's search stops: twelve models of data sets of nlme, lme4 and mlmRev, which stay there,
# by REML and by maximum likelihood, against lme4 with a search that goes on to 1e-10; and models without any variance
# between groups, of rows drawn here.
#   Rscript nlme_stops.R OUT.json
suppressMessages({library(jsonlite); library(nlme); library(lme4); library(mlmRev)})
set.seed(3)
models <- list(
  list(Reaction ~ Days, ~ Days | Subject, "(Days | Subject)", lme4::sleepstudy),
  list(Reaction ~ Days, ~ 1 | Subject, "(1 | Subject)", lme4::sleepstudy),
  list(distance ~ age * Sex, ~ age | Subject, "(age | Subject)", Orthodont),
  list(distance ~ age, ~ age | Subject, "(age | Subject)", Orthodont),
  list(yield ~ nitro * Variety, ~ 1 | Block / Variety, "(1 | Block / Variety)", Oats),
  list(score ~ Machine, ~ 1 | Worker / Machine, "(1 | Worker / Machine)", Machines),
  list(travel ~ 1, ~ 1 | Rail, "(1 | Rail)", Rail),
  list(effort ~ Type, ~ 1 | Subject, "(1 | Subject)", ergoStool),
  list(normexam ~ standLRT, ~ standLRT | school, "(standLRT | school)", Exam),
  list(normexam ~ standLRT + sex, ~ 1 | school, "(1 | school)", Exam),
  list(strength ~ 1, ~ 1 | batch / cask, "(1 | batch / cask)", Pastes),
  list(weight ~ Time * Diet, ~ Time | Rat, "(Time | Rat)", BodyWeight))
search <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE, check.conv.singular = "ignore",
                      optCtrl = list(rhobeg = 0.2, rhoend = 1e-10, maxfun = 1e5))
numbers <- function(x) sort(suppressWarnings(as.numeric(x)))
both <- function(fixed, random, term, d, reml) {
  d <- as.data.frame(d)
  for (v in names(d)) if (is.factor(d[[v]])) d[[v]] <- factor(as.character(d[[v]]))
  list(a = lme(fixed, random = random, data = d, method = if (reml) "REML" else "ML"),
       b = suppressMessages(lmer(update(fixed, paste("~ . +", term)), d, REML = reml, control = search)))
}
distances <- function(a, b) {
  vc <- as.data.frame(VarCorr(b))
  one <- numbers(VarCorr(a)[, "StdDev"])
  two <- sort(vc$sdcor[is.na(vc$var2)])
  slopes <- any(!is.na(vc$var2))
  corr <- if (slopes) max(abs(cov2cor(getVarCov(a)) - attr(VarCorr(b)[[1]], "correlation"))) else 0
  va <- vcov(a); vb <- as.matrix(vcov(b)); sa <- sqrt(diag(va)); sb <- sqrt(diag(vb))
  list(sd = max(abs(one / two - 1)), se = max(abs(sa / sb - 1)), t = max(abs(fixef(a) / sa / (fixef(b) / sb) - 1)),
       estimate = max(abs(fixef(a) - fixef(b)) / sb), fixef_corr = max(abs(cov2cor(va) - cov2cor(vb))),
       scaled_resid = max(abs(quantile(resid(a, type = "p")) - quantile(resid(b, scaled = TRUE)))),
       loglik = abs(as.numeric(logLik(a) - logLik(b))), corr = corr)
}
found <- unlist(lapply(models, function(m) lapply(c(TRUE, FALSE), function(reml) {
  fits <- both(m[[1]], m[[2]], m[[3]], m[[4]], reml)
  c(list(model = paste(deparse(m[[1]]), "+", m[[3]]), reml = reml), lapply(distances(fits$a, fits$b), signif, 2))
})), recursive = FALSE)
zero <- c()
while (length(zero) < 20) {
  d <- data.frame(x = rnorm(100), y = rnorm(100), g = rep(1:20, each = 5))
  fits <- both(y ~ x, ~ 1 | g, "(1 | g)", d, TRUE)
  if (isSingular(fits$b)) zero <- c(zero, as.numeric(VarCorr(fits$a)[1, "StdDev"]) / fits$a$sigma)
}
write_json(list(versions = c(R = as.character(getRversion()), nlme = as.character(packageVersion("nlme")),
                             lme4 = as.character(packageVersion("lme4"))),
                distances = found, sd_at_zero = signif(zero, 2)), commandArgs(TRUE)[1],
           auto_unbox = TRUE, pretty = TRUE, digits = NA)
