# How R's abbreviate() shortens names of several words and of letters beyond ASCII, alone and beside others: reference
# for tests/report/test_r_text.py. In a UTF-8 locale: Rscript short_names.R short_names.json
suppressMessages(library(jsonlite))
set.seed(4711)
words <- c("Agree", "strongly", "or", "do", "not", "know", "école", "Größe", "homework", "total", "of", "the", "gini.cgm",
           "x1", "A", "a", "io", "URBAN", "I(x^2)", "log(z)", "(0)", "neither/nor", "Très", "bien", "e", "ka:kb", "d_e_f",
           "scale(income,", "center", "=", "TRUE)", "poly(x,", "2)1", "naïve", "factor(h)2", "f", "aeiou", "ñu", "..x..",
           "eau", "Aaa", "Über")
name <- function() paste(sample(words, sample(5, 1)), collapse = sample(c(" ", "", ":", " ", "_", "."), 1))
case <- function(i) {
  names <- unique(replicate(sample(6, 1), name()))
  length <- sample(c(3, 4, 6, 6, 8, 11, 11, 14, 20), 1)
  list(names = I(names), length = unbox(length), text = I(unname(suppressWarnings(abbreviate(names, length)))))
}
writeLines(toJSON(list(versions = list(R = unbox(R.version.string)), cases = lapply(1:200, case)), pretty = 1),
           commandArgs(trailingOnly = TRUE)[1])
