# Generalized linear models by R's glm, and of negative binomial counts by MASS's glm.nb: numbers at the optimum, and
# what R prints of it, with the number of steps to its own end.
#   Rscript glm.R FOLDER OUT.json     FOLDER as written by `python -m reference.glm FOLDER`
suppressMessages({library(jsonlite); library(MASS)})
options(useFancyQuotes = FALSE, width = 80)
arguments <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(file.path(arguments[1], "cases.json"), simplifyVector = FALSE)
rows <- read.csv(file.path(arguments[1], "rows.csv"), stringsAsFactors = TRUE)
rows$flag <- as.logical(rows$flag)
shown <- c(1, 2, 3, 40, 80)
numbers <- function(x) ifelse(is.na(x), "NA", sprintf("%.17g", x))

call_of <- function(case) {
  family <- if (is.null(case$link)) case$family else sprintf('%s(link = "%s")', case$family, case$link)
  standard <- c(binomial = "logit", poisson = "log", Gamma = "inverse", inverse.gaussian = "1/mu^2", gaussian = "identity")
  if (identical(case$link, unname(standard[case$family]))) family <- case$family
  given <- c(paste("formula =", case$formula), paste("family =", family), "data = d",
             if (!is.null(case$weights)) paste("weights =", case$weights),
             if (!is.null(case$offset)) paste("offset =", case$offset))
  sprintf("glm(%s)", paste(given, collapse = ", "))
}
negative_binomial <- function(case, control = ", control = tight") {
  offset <- if (is.null(case$offset)) "" else sprintf(" + offset(%s)", case$offset)
  weights <- if (is.null(case$weights)) "" else sprintf(", weights = %s", case$weights)
  link <- if (case$link == "log") "" else sprintf(", link = %s", case$link)
  text <- sprintf("glm.nb(%s%s, data = d%s%s%s)", case$formula, offset, weights, link, control)
  eval(parse(text = text), globalenv())
}
answer <- function(case) {
  d <<- if (is.null(case$rows)) rows else rows[seq_len(case$rows), ]
  # R tells dependent columns by a thousandth of epsilon
  tight <<- glm.control(epsilon = if (grepl("twice", case$formula)) 1e-10 else 1e-300, maxit = 100)
  counts <- case$family == "negative.binomial"
  text <- if (counts) NULL else call_of(case)
  m <- if (counts) negative_binomial(case) else eval(parse(text = sub("\\)$", ", control = tight)", text)), globalenv())
  new <- rows[c(5, 17, 33), ]
  s <- summary(m)
  link <- predict(m, new, se.fit = TRUE)
  mean <- predict(m, new, type = "response", se.fit = TRUE)
  picked <- function(x) unname(x[shown[shown <= length(x)]])
  kinds <- c("deviance", "pearson", "working", "response")
  residual <- lapply(setNames(kinds, kinds), function(kind) numbers(picked(residuals(m, kind))))
  out <- list(coefficients = numbers(coef(m)), se = numbers(s$coefficients[, 2]), p = numbers(s$coefficients[, 4]),
              deviance = numbers(m$deviance), null = numbers(m$null.deviance), df = m$df.residual, df_null = m$df.null,
              aic = numbers(AIC(m)), bic = numbers(BIC(m)), loglik = numbers(as.numeric(logLik(m))),
              dispersion = numbers(s$dispersion), fitted = numbers(picked(fitted(m))), residuals = residual,
              standardized = numbers(picked(suppressWarnings(rstandard(m)))), link = numbers(link$fit), link_se = numbers(link$se.fit),
              mean = numbers(mean$fit), mean_se = numbers(mean$se.fit), confint = numbers(confint.default(m)))
  plain <- if (counts) negative_binomial(case, "") else eval(parse(text = text), globalenv())
  lines <- function(x) strsplit(paste(capture.output(print(x)), collapse = "\n"), "\n")[[1]]
  m$call[["control"]] <- NULL
  m$iter <- plain$iter
  if (counts) {
    m$th.warn <- NULL  # at a precision that cannot be reached theta and the coefficients change in turn without end
    out <- c(out, theta = numbers(m$theta), theta_se = numbers(m$SE.theta))
  }
  c(out, iterations = plain$iter, list(summary = lines(summary(m)), print = lines(m)))
}
answers <- list()
for (case in cases) answers[[case$name]] <- tryCatch(suppressWarnings(answer(case)), error = function(e) list(error = conditionMessage(e)))

# The families' own functions, at linear predictors where R bounds none of them.
links <- list(binomial = c("logit", "probit", "cloglog", "cauchit", "log"), poisson = c("log", "sqrt", "identity"),
              Gamma = c("inverse", "log", "identity"), inverse.gaussian = c("1/mu^2", "inverse", "log", "identity"),
              gaussian = c("identity", "log", "inverse"), negative.binomial = c("log", "sqrt", "identity"))
families <- list()
for (name in names(links)) for (link in links[[name]]) {
  family <- if (name == "negative.binomial") do.call(negative.binomial, list(theta = 2.5, link = link)) else do.call(name, list(link = link))
  eta <- c(0.05, 0.3, 0.9, 1.7) * (if (name == "binomial" && link == "log") -1 else 1)
  mu <- family$linkinv(eta)
  y <- switch(name, binomial = c(0, 0.25, 0.5, 1), poisson = , negative.binomial = c(0, 1, 3, 7), c(0.5, 1, 2, 0.1))
  w <- c(4, 8, 6, 3)
  deviances <- family$dev.resids(y, mu, w)
  families[[paste(name, link)]] <- list(eta = numbers(eta), y = y, weights = w, mu = numbers(mu), derivative = numbers(family$mu.eta(eta)),
    variance = numbers(family$variance(mu)), deviances = numbers(deviances), link = numbers(family$linkfun(mu)),
    aic = numbers(family$aic(y, rep(1, 4), mu, w, sum(deviances))))
}

# Comparisons by deviances, and of negative binomial models by likelihoods.
d <- rows[complete.cases(rows), ]
compare <- function(formulas, test, ...) {
  fits <- lapply(formulas, function(one) eval(bquote(glm(.(as.formula(one)), data = d, control = glm.control(epsilon = 1e-14), ...))))
  table <- do.call(anova, c(fits, list(test = test)))
  list(formulas = formulas, table = lapply(as.list(as.data.frame(table)), numbers),
       text = strsplit(paste(capture.output(print(table)), collapse = "\n"), "\n")[[1]])
}
comparisons <- list(
  binomial = compare(c("y ~ x", "y ~ x + f", "y ~ x * f"), "Chisq", family = "binomial"),
  poisson = compare(c("count ~ x * f", "count ~ x"), "Chisq", family = "poisson"),
  Gamma = compare(c("size ~ 1", "size ~ x", "size ~ x + f + k"), "F", family = "Gamma"),
  gaussian = compare(c("size ~ 1", "size ~ x + z"), "F", family = "gaussian"))
versions <- c(R = R.version.string, MASS = as.character(packageVersion("MASS")))
writeLines(toJSON(list(versions = as.list(versions), answers = answers, families = families, comparisons = comparisons), auto_unbox = TRUE, pretty = 1), arguments[2])
