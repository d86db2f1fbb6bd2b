# Numbers, p values, short names and formulas as R prints them: reference for tests/test_rformat.py and test_rtext.py.
# Run in this folder: Rscript summary_rformat.R
suppressMessages(library(jsonlite))
options(useFancyQuotes = FALSE)
set.seed(20210118)

exact <- function(x) ifelse(is.na(x), NA, sprintf("%.17g", x)) # toJSON itself keeps 15 digits only
draw <- function() {
  n <- sample(1:6, 1)
  x <- round(rnorm(n), sample(0:8, 1)) * 10^sample(-7:7, n, replace = sample(c(TRUE, FALSE), 1))
  if (runif(1) < .1) x[1] <- 0
  if (runif(1) < .1) x[1] <- NA
  x
}
number_case <- function(i) {
  x <- draw(); digits <- sample(2:8, 1); scipen <- sample(c(0, 0, 0, 8), 1)
  options(scipen = scipen)
  out <- list(values = exact(x), digits = digits, scipen = scipen, text = format(x, digits = digits))
  options(scipen = 0)
  out
}
p_case <- function(i) {
  p <- 10^(-runif(sample(1:6, 1), 0, 22)); digits <- sample(1:5, 1); scipen <- sample(c(0, 8), 1)
  options(scipen = scipen)
  out <- list(values = exact(p), digits = digits, scipen = scipen, text = format.pval(p, digits = digits))
  options(scipen = 0)
  out
}
coefmat_case <- function(i) {
  k <- sample(1:6, 1)
  est <- rnorm(k) * 10^sample(-4:3, k, replace = TRUE); se <- abs(rnorm(k)) * 10^sample(-3:2, k, replace = TRUE)
  x <- cbind(Estimate = est, `Std. Error` = se, `t value` = est / se, `Pr(>|t|)` = 2 * pt(-abs(est / se), 20 * i))
  rownames(x) <- paste0("x", seq_len(k))
  digits <- sample(3:6, 1)
  list(table = exact(x), digits = digits, text = capture.output(printCoefmat(x, digits = digits)))
}
vector_case <- function(i) {
  x <- c(draw(), 1); x <- x[!is.na(x)]; names(x) <- paste0("name", seq_along(x)); digits <- sample(3:7, 1)
  list(values = exact(x), names = names(x), digits = digits, text = capture.output(print(x, digits = digits)))
}
words <- c("(Intercept)", "age.cwc", "gend.cwc", "edu.cwc", "inc.cwc", "gini.cgm", "postcom.cgm", "cpi.cgm",
           "edu.cwc:cpi.cgm", "homework", "meanses", "as.factor(schnum)10", "as.factor(schnum)2", "factor(race)3",
           "parented", "percmin", "homework_total_x1", "homework_total_x2", "I(math * 1000)", "b.eduyrs",
           "w.eduyrs", "gnipc1000", "URBANICITY", "URBANICITY2", "poly(age, 2)1", "poly(age, 2)2", "log(income)")
name_case <- function(i) {
  x <- sample(words, sample(1:9, 1)); length <- sample(c(4, 6, 8, 11), 1)
  list(names = x, length = length, text = unname(abbreviate(x, length)))
}
formulas <- c(
  "trustind~1+(1|cntry)",
  "trustind ~ age.cwc + gend.cwc + edu.cwc + inc.cwc + gini.cgm + postcom.cgm + cpi.cgm + (1 | cntry)",
  "trustind ~ age.cwc + gend.cwc + edu.cwc + inc.cwc + gini.cgm + postcom.cgm + cpi.cgm + edu.cwc*cpi.cgm + (1+edu.cwc|cntry)",
  "y ~ log(x)^2-1 + (x||g) + I(x>3) + I(-x) + `a b` + a:b*c + I(x/2) + s(x, k=3) + x%in%z",
  "math ~ homework*ses + factor(race) + (1|schnum) + (1|region) + (0+homework|schnum)",
  "math~0+homework", "y ~ x - 1 + (1|a/b) + (1|a:b)",
  "longresponsename ~ poly(aaaaaaaaa, bbbbbbbbbbbbbb, ccccccccccccccc, ddddddddddddddd, eeeeeeeeeeeeee, fffffff) + z",
  "y ~ aaaaaaaaaaaaaaaaaaaa*bbbbbbbbbbbbbbbbbbbbbbbbb + ccccccccccccccccccccccc*(ddddddddddddddddd + eeeeeeeeeeeeeeee + fffffffff)")
formula_case <- function(text) list(formula = text, text = deparse(as.formula(text)),
                                    filled = capture.output(cat("Formula:", deparse(as.formula(text)), fill = TRUE)))
out <- list(
  version = R.version.string,
  numbers = lapply(1:150, number_case), pvalues = lapply(1:100, p_case), coefmat = lapply(1:60, coefmat_case),
  vectors = lapply(1:50, vector_case), names = lapply(1:100, name_case), formulas = lapply(formulas, formula_case))
writeLines(toJSON(out, auto_unbox = FALSE, na = "null"), "summary_rformat.json")
