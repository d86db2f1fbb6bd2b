# R's answers to the formulas of formulas.toml and to random ones: response, columns, offsets, rows and groups, columns
# on new rows, and some fits.
#   Rscript formulas.R FOLDER OUT.json [PATTERN]     FOLDER as written by `python -m reference.formulas FOLDER`
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "fit.R"))
library(splines)

MOST_COLUMNS <- 60 # of a random formula: more say nothing new
KEPT_AT_RANDOM <- 150

arguments <- commandArgs(trailingOnly = TRUE)
manifest <- fromJSON(file.path(arguments[1], "manifest.json"), simplifyVector = FALSE)
checksum <- unlist(manifest$checksum)

read_table <- function(name) {
  path <- file.path(arguments[1], paste0(name, ".csv"))
  data <- read.csv(path, check.names = FALSE, stringsAsFactors = FALSE)
  for (column in intersect(names(data), unlist(manifest$texts))) {
    # new rows are told all levels of the fit, as a user of R would
    seen <- if (name == "new") levels(data_frames$rows[[column]]) else sort(unique(data[[column]]))
    data[[column]] <- factor(data[[column]], levels = seen)
  }
  for (column in intersect(names(data), names(manifest$categories))) {
    levels <- unlist(manifest$categories[[column]])
    data[[column]] <- factor(data[[column]], levels = levels, ordered = column %in% unlist(manifest$ordered))
  }
  data
}
data_frames <- list()
for (name in c("rows", "missing", "few", "few_groups", "new")) data_frames[[name]] <- read_table(name)

# every distinct column is stored once; an entry names its place, from 0
columns <- new.env()
columns$stored <- character()
place <- function(values) {
  text <- as_json(I(as.numeric(values)))
  known <- match(text, columns$stored)
  if (is.na(known)) {
    columns$stored <- c(columns$stored, text)
    known <- length(columns$stored)
  }
  known - 1L
}
places <- function(matrix) I(vapply(seq_len(ncol(matrix)), function(j) place(matrix[, j]), 0L))

contrast_list <- function(wanted) {
  if (!length(wanted)) return(NULL)
  lapply(wanted, function(coding) {
    if (is.character(coding)) paste0("contr.", coding) else do.call(rbind, lapply(coding, unlist))
  })
}

quiet <- function(e) suppressMessages(suppressWarnings(e))
free <- lmerControl(
  check.nobs.vs.nRE = "ignore", check.nobs.vs.nlev = "ignore", check.nlev.gtr.1 = "ignore",
  check.nobs.vs.rankZ = "ignore", check.rankX = "ignore", check.nlev.gtreq.5 = "ignore", check.scaleX = "ignore"
)

# New rows. A call with what it remembers of the fit written into it: the statistics of columns, the knots of splines,
# the levels of factors, the breaks of cut. R itself remembers (stats::makepredictcall) only what is not inside
# another call, and of these only scale, poly, bs and ns.
STATISTICS <- c("mean", "sd", "min", "max", "median", "sum")

written_out <- function(e, data) {
  if (!is.call(e)) return(e)
  name <- as.character(e[[1]])[1]
  if (name %in% STATISTICS) return(eval(e, data))
  inner <- as.call(lapply(as.list(e), written_out, data))
  if (name %in% c("scale", "poly", "bs", "ns")) {
    kept <- makepredictcall(eval(e, data), e)
    kept[[2]] <- inner[[2]]
    return(kept)
  }
  if (name == "cut") return(cut_written_out(inner, data))
  if (name %in% c("factor", "as.factor", "ordered") && is.null(inner$levels)) {
    values <- eval(inner[[2]], data)
    inner$levels <- if (is.factor(values)) levels(values) else sort(unique(values))
    if (name == "ordered") inner$ordered <- TRUE
    inner[[1]] <- quote(factor)
  }
  inner
}

cut_written_out <- function(e, data) {
  e <- match.call(cut.default, e)
  breaks <- eval(e$breaks, data)
  if (length(breaks) > 1) return(e)
  labels <- if (is.null(e$labels)) levels(eval(e, data)) else e$labels
  ends <- range(eval(e[[2]], data), na.rm = TRUE)
  # ?cut: equal pieces of the range, then the outer limits are moved away by 0.1 % of it
  cuts <- seq(ends[1], ends[2], length.out = breaks + 1)
  e$breaks <- cuts + c(-1, numeric(breaks - 1), 1) * diff(ends) / 1000
  e$labels <- labels
  e
}

same <- function(a, b) isTRUE(all.equal(a, b, check.attributes = FALSE, tolerance = 1e-12))

new_columns <- function(terms, frame, x, data, new) {
  right <- delete.response(terms)
  levels <- .getXlevels(terms, frame)
  matrix_of <- function(t) {
    model.matrix(t, model.frame(t, new, xlev = levels, na.action = na.pass), contrasts.arg = attr(x, "contrasts"))
  }
  variables <- as.list(attr(right, "variables"))[-1]
  kept <- lapply(variables, written_out, data)
  for (i in seq_along(kept)) stopifnot(same(quiet(eval(variables[[i]], data)), quiet(eval(kept[[i]], data))))
  complete <- right
  attr(complete, "predvars") <- as.call(c(quote(list), kept))
  ours <- quiet(matrix_of(complete))
  stopifnot(identical(colnames(ours), colnames(x)), !anyNA(ours))
  attr(right, "predvars") <- attr(attr(frame, "terms"), "predvars")
  theirs <- tryCatch(quiet(matrix_of(delete.response(attr(frame, "terms")))), error = function(e) NULL)
  known <- model.offset(quiet(model.frame(complete, new, xlev = levels, na.action = na.pass)))
  list(matrix = ours, safe_in_r = same(ours, theirs), offset = known)
}

describe_groups <- function(parsed) {
  random <- parsed$reTrms
  lapply(seq_along(random$cnms), function(i) {
    factor <- random$flist[[attr(random$flist, "assign")[i]]]
    z <- random$Ztlist[[i]]
    k <- length(random$cnms[[i]])
    effects <- sapply(seq_len(k), function(j) colSums(as.matrix(z[seq(j, nrow(z), by = k), , drop = FALSE])))
    list(
      group = names(random$cnms)[i], names = I(random$cnms[[i]]), columns = places(effects),
      levels = I(levels(factor)), codes = place(as.integer(factor) - 1L)
    )
  })
}

fit_of <- function(entry, data, formula, contrasts) {
  call <- list(formula = formula, data = data, REML = entry$reml, contrasts = contrasts, control = free)
  if (nzchar(entry$weights)) call$weights <- data[[entry$weights]]
  if (nzchar(entry$offset)) call$offset <- data[[entry$offset]]
  parsed <- quiet(do.call(lFormula, call))
  optimum <- best_optimum(parsed, entry$reml, rep(0.9, length(parsed$reTrms$theta)))
  m <- fitted_at(parsed, optimum)
  list(terms = I(names(fixef(m))), fixef = I(unname(fixef(m))), criterion = optimum$deviance, sigma = sigma(m))
}

ask <- function(entry) {
  data <- data_frames[[entry$data]]
  formula <- as.formula(entry$formula)
  contrasts <- contrast_list(entry$contrasts)
  answer <- entry[c("kind", "formula", "data")]
  if (entry$mixed) {
    parsed <- quiet(lFormula(formula, data, contrasts = contrasts, control = free))
    frame <- parsed$fr
    x <- parsed$X
    formula <- nobars(formula)
  } else {
    frame <- quiet(model.frame(formula, data, drop.unused.levels = TRUE))
    x <- model.matrix(attr(frame, "terms"), frame, contrasts.arg = contrasts)
  }
  if (entry$kind == "at random") return(answer_at_random(answer, x))
  rows <- as.integer(rownames(frame)) - 1L
  answer$rows <- if (length(rows) < nrow(data)) place(rows)
  answer$response <- place(model.response(frame))
  answer$names <- I(colnames(x))
  answer$columns <- places(x)
  if (!is.null(model.offset(frame))) answer$offset <- place(model.offset(frame))
  if (length(entry$contrasts)) answer$contrasts <- entry$contrasts
  if (entry$mixed) answer$random <- describe_groups(parsed)
  if (entry$kind == "fit") answer$fit <- fit_of(entry, data, as.formula(entry$formula), contrasts)
  if (entry$new) {
    fixed <- if (entry$mixed) quiet(model.frame(formula, data, drop.unused.levels = TRUE)) else frame
    found <- new_columns(terms(fixed), fixed, x, data, data_frames$new)
    answer$new <- places(found$matrix)
    answer$safe_in_r <- found$safe_in_r
    if (entry$kind == "fit" && !nzchar(entry$offset)) {
      known <- if (is.null(found$offset)) 0 else found$offset
      answer$prediction <- place(found$matrix %*% answer$fit$fixef + known)
    }
  }
  answer
}

answer_at_random <- function(answer, x) {
  if (ncol(x) == 0 || ncol(x) > MOST_COLUMNS) stop("no columns, or too many")
  answer$names <- I(colnames(x))
  answer$checksums <- I(as.vector(checksum %*% x))
  answer
}

asked <- manifest$cases
if (length(arguments) > 2) asked <- Filter(function(entry) grepl(arguments[3], entry$key), asked)
results <- lapply(asked, function(entry) {
  tryCatch(ask(entry), error = function(e) {
    message(entry$key, ": ", conditionMessage(e))
    NULL
  })
})
names(results) <- sapply(asked, `[[`, "key")
results <- Filter(Negate(is.null), results)
random <- sapply(results, `[[`, "kind") == "at random"
results <- results[!(random & cumsum(random) > KEPT_AT_RANDOM)]
lines <- paste0("  ", sapply(names(results), as_json), ": ", sapply(results, as_json))
writeLines(paste0(
  "{\n \"software\": ", as_json(software()), ",\n \"hash\": ", as_json(manifest$hash),
  ",\n \"columns\": [\n  ", paste(columns$stored, collapse = ",\n  "), "\n ],\n \"formulas\": {\n",
  paste(lines, collapse = ",\n"), "\n }\n}"
), arguments[2])
