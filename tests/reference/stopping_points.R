# Where lme4 stops on the designs of small_designs.py when their rows come in other orders: five besides their own.
#   Rscript reference/stopping_points.R FOLDER FILE.csv.gz [NUMBERS]
# FOLDER is that of small_designs.R; by default the designs are those that small_designs.csv.gz calls steady.
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "stages.R"))
stored <- read.csv(gzfile(file.path(here, "small_designs.csv.gz")), comment.char = "#")
numbers <- if (length(arguments) > 2) scan(arguments[3], quiet = TRUE) else stored$number[stored$steady == 1]
manifest <- manifest[manifest$number %in% numbers, ]
orders <- 5

lines <- character(nrow(manifest))
for (i in seq_len(nrow(manifest))) {
  one <- manifest[i, ]
  data <- rows_of(one$number)
  own <- fit(one, data)
  gaps <- rounding <- rep(NaN, orders)
  for (k in if (is.null(own)) integer() else seq_len(orders)) {
    set.seed(orders * one$number + k)
    other <- fit(one, data[sample(nrow(data)), ], own$theta)
    if (!is.null(other)) {
      gaps[k] <- max(abs(other$theta - own$theta))
      rounding[k] <- abs(other$at - own$criterion)
    }
  }
  lines[i] <- paste(
    one$number, paste(sprintf("%.17g", own$theta), collapse = " "), if (is.null(own)) 0 else own$evaluations,
    sprintf("%.3g", max(gaps)), sprintf("%.3g", max(rounding)), sep = ","
  )
  if (i %% 50 == 0) message(sprintf("%d of %d", i, nrow(manifest)))
}
versions <- sapply(c("lme4", "nloptr", "Matrix"), function(name) paste(name, packageVersion(name)))
out <- gzfile(arguments[2], "wb", compression = 9)
writeLines(c(
  paste0("# R ", R.version$major, ".", R.version$minor, ", ", paste(versions, collapse = ", ")),
  "number,theta,evaluations,gap,rounding",
  lines
), out)
close(out)
