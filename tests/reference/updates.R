# What R's update.formula makes of formulas: reads updates.txt, a pair "formula -> change" a line, writes updates.json.
#   Rscript updates.R     in this folder
lines <- readLines("updates.txt", encoding = "UTF-8")
pairs <- strsplit(lines[grepl("->", lines, fixed = TRUE)], " -> ", fixed = TRUE)
made <- lapply(pairs, function(pair) {
  formula <- update.formula(as.formula(pair[1]), as.formula(pair[2]))
  list(old = pair[1], change = pair[2], new = paste(deparse(formula, width.cutoff = 500), collapse = " "))
})
found <- list(versions = list(R = as.character(getRversion())), updates = made)
writeLines(jsonlite::toJSON(found, auto_unbox = TRUE, pretty = TRUE), "updates.json")
