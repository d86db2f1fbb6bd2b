# How far lme4 parts from itself when the response changes in its last bit: where this is more than 1e-6, its stopping
# point is decided by rounding. Rows in another order do not show this where sums are exact, as in many small designs.
#   Rscript reference/shaken_points.R FOLDER FILE.csv NUMBERS
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "stages.R"))
numbers <- scan(arguments[3], quiet = TRUE)
manifest <- manifest[manifest$number %in% numbers, ]
times <- 20

lines <- character(nrow(manifest))
for (i in seq_len(nrow(manifest))) {
  one <- manifest[i, ]
  data <- rows_of(one$number)
  own <- fit(one, data)
  gaps <- rounding <- rep(NaN, times)
  for (k in seq_len(times)) {
    set.seed(times * one$number + k)
    shaken <- data
    shaken$y <- data$y * (1 + sample(c(-1, 0, 1), nrow(data), replace = TRUE) * .Machine$double.eps)
    other <- fit(one, shaken, own$theta)
    if (!is.null(other)) {
      gaps[k] <- max(abs(other$theta - own$theta))
      rounding[k] <- abs(other$at - own$criterion)
    }
  }
  lines[i] <- paste(
    one$number, sum(gaps > 1e-6, na.rm = TRUE), sprintf("%.2g", max(gaps, na.rm = TRUE)),
    sprintf("%.2g", max(rounding, na.rm = TRUE)), sep = ","
  )
}
writeLines(c(paste0("# R ", getRversion(), ", lme4 ", packageVersion("lme4")), "number,parted,gap,rounding", lines), arguments[2])
