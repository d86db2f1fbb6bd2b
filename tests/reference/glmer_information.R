# The summary of a glmer.nb with standard errors as if theta were known: glmer_information.json.
# Run: Rscript glmer_information.R > glmer_information.json; the rows come with the printout, for the fit in Python.
suppressMessages({ library(lme4); library(jsonlite) })

at <- seq_len(300)
d <- data.frame(ward = at %% 12 + 1, dose = round(sin(at * 1.7), 3), arm = ifelse(at %% 12 %% 3 == 0, "b", "a"))
d$bed <- at %/% 10
d$falls <- floor(exp(-0.5 + 0.5 * d$dose + 1.2 * (d$arm == "b") + 1.5 * sin(d$ward * 2.1) + 0.5 * sin(d$bed * 1.3) +
  sin(at^1.7)))
m <- suppressWarnings(suppressMessages(glmer.nb(falls ~ dose + arm + (1 | ward) + (1 | bed), data = d)))
cat(toJSON(list(summary = capture.output(summary(m, use.hessian = FALSE)), rows = d), dataframe = "columns", pretty = FALSE), "\n")
