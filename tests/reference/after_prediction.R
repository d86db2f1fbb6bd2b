# Predictions with errors and marginal means, on the twins: by the mixed-model equations and by emmeans.
#   Rscript after_prediction.R FOLDER after_prediction.json   FOLDER as written by `python -m reference.after_pages FOLDER`
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "after_pages.R"))
emm_options(pbkrtest.limit = 6000, msg.interaction = FALSE)
pupils <- rows("imm10")
people <- rows("vaisey")
people$gnipc1000 <- people[[intersect(c("gnipc1000", "gdp_pc"), names(people))]]
people$income <- factor(ifelse(people$gnipc1000 < 20, "low", ifelse(people$gnipc1000 < 40, "middle", "high")),
                        c("low", "middle", "high"))

# Henderson's equations: the joint covariance of errors in fixed and random effects
m <- fit(math ~ homework + (homework | schnum), "pupils")
X <- getME(m, "X")
Z <- as.matrix(getME(m, "Z"))
G <- as.matrix(VarCorr(m)$schnum)
precision <- kronecker(diag(10), solve(G))
C <- solve(rbind(cbind(crossprod(X), crossprod(X, Z)), cbind(crossprod(Z, X), crossprod(Z) + sigma(m)^2 * precision)))
C <- sigma(m)^2 * C
x <- cbind(1, c(0, 2, 4))
school <- function(k) cbind(x, matrix(0, 3, 2 * (k - 1)), x, matrix(0, 3, 2 * (10 - k)))
error <- function(L) sqrt(diag(L %*% C %*% t(L)))
seen <- do.call(rbind, lapply(c(4, 7), school))
average <- cbind(x, matrix(0, 3, 20))
of_new <- sqrt(diag(x %*% (as.matrix(vcov(m)) + G) %*% t(x)))
newdata <- data.frame(homework = rep(c(0, 2, 4), 3), schnum = rep(c(4, 7, 99), each = 3))
fitted <- predict(m, newdata, allow.new.levels = TRUE)
labels <- c("average", "four", "seven", "new")
named <- function(values, kind) {
  setNames(as.list(values), paste(rep(labels[seq_len(length(values) / 3)], each = 3), rep(c(0, 2, 4), length(values) / 3), kind))
}
errors <- c(error(average), error(seen), of_new)
predicted <- c(
  named(c(predict(m, newdata[1:3, ], re.form = NA), fitted), "fit"), named(errors, "se"),
  named(sqrt(errors^2 + sigma(m)^2), "pupil"))

satisfied <- fit(stflife ~ eduyrs * income + (1 | cntry), "people")
curve <- fit(stflife ~ eduyrs + gnipc1000 + I(gnipc1000^2) + (1 | cntry), "people")
table <- function(x, label, ...) {
  found <- as.data.frame(x, ...)
  rownames(found) <- as.character(found[[label]])
  found
}
columns <- function(found, first) flat(found[c(first, "SE", "df")])
means <- emmeans(satisfied, ~ income)
pairs_of <- summary(pairs(means), infer = TRUE)
trends <- emtrends(satisfied, ~ income, var = "eduyrs")
steep <- summary(pairs(trends, adjust = "holm"))
at <- emtrends(curve, ~ gnipc1000, var = "gnipc1000", at = list(gnipc1000 = c(10, 30, 50)))
with_p <- function(found) flat(found[c("estimate", "SE", "df", "p.value")])
write_checks(list(
  coefficients = flat(coef(summary(satisfied))),
  predicted = predicted,
  means = flat(table(means, "income")[c("emmean", "SE", "df", "lower.CL", "upper.CL")]),
  contrasts = with_p(table(pairs_of, "contrast")),
  simultaneous = flat(table(pairs_of, "contrast")[c("lower.CL", "upper.CL")]),
  slopes = flat(table(trends, "income")[c("eduyrs.trend", "SE", "df")]),
  steep = with_p(table(steep, "contrast")),
  curve = flat(table(at, "gnipc1000")[c("gnipc1000.trend", "SE", "df")])
))
