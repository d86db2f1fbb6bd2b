# Where lme4's two optimisers stop on the models of the two-level tutorial, and every evaluation on the way.
#   Rscript nloptwrap.R nloptwrap.json
# The data are the twin of this repository and, when MLM_ORIGINALS names their folder, the original file.
suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))

# arm::rescale, for want of the package arm: two-valued variables are only centred
rescale <- function(x) {
  centred <- x - mean(x, na.rm = TRUE)
  if (length(unique(x[!is.na(x)])) == 2) centred else centred / (2 * sd(x, na.rm = TRUE))
}

prepare <- function(ess) {
  ess$trustind <- rowMeans(ess[c("ppltrst", "pplfair", "pplhlp")], na.rm = TRUE)
  old <- c(age_cwc = "agea", gend_cwc = "male", edu_cwc = "eduyrs", inc_cwc = "hinctnta")
  for (new in names(old)) ess[[new]] <- ave(as.numeric(ess[[old[[new]]]]), ess$cntry, FUN = rescale)
  countries <- unique(ess[c("cntry", "gini_net", "postcom", "ti_cpi")])
  for (name in c("gini_net", "postcom", "ti_cpi")) countries[[name]] <- rescale(as.numeric(countries[[name]]))
  names(countries)[-1] <- c("gini_cgm", "postcom_cgm", "cpi_cgm")
  ess <- cbind(ess[c("cntry", "trustind", names(old))], countries[match(ess$cntry, countries$cntry), -1])
  ess$cntry <- as.character(ess$cntry)
  na.omit(ess)
}

individual <- "age_cwc + gend_cwc + edu_cwc + inc_cwc"
country <- paste(individual, "+ gini_cgm + postcom_cgm + cpi_cgm")
models <- list(
  model0 = "trustind ~ 1 + (1 | cntry)",
  model1 = paste("trustind ~", individual, "+ (1 | cntry)"),
  model2 = paste("trustind ~", country, "+ (1 | cntry)"),
  model3 = paste("trustind ~", country, "+ (1 + edu_cwc | cntry)"),
  model4 = paste("trustind ~", country, "+ edu_cwc:cpi_cgm + (1 + edu_cwc | cntry)")
)

# the search is run once more on a deviance function that notes its arguments, and must end where lmer() ended
search <- function(text, data) {
  formula <- as.formula(text)
  m <- lmer(formula, data)
  parsed <- lFormula(formula, data)
  value <- do.call(mkLmerDevfun, parsed)
  start <- environment(value)$pp$theta + 0  # a copy: the deviance function writes to the original
  seen <- list()
  noting <- function(theta) {
    found <- value(theta)
    seen[[length(seen) + 1]] <<- c(theta + 0, found)
    found
  }
  ended <- nloptwrap(start, noting, lower = environment(value)$lower, upper = rep(Inf, length(start)))
  stopifnot(isTRUE(all.equal(ended$par, unname(m@theta), tolerance = 1e-9)))
  other <- lmer(formula, data, control = lmerControl(optimizer = "bobyqa"))
  list(
    formula = unbox(text), start = start, theta = unname(m@theta), criterion = unbox(REMLcrit(m)),
    evaluations = unbox(m@optinfo$feval), message = unbox(sub(":.*", "", m@optinfo$message)),
    # nloptr evaluates the start before it searches
    path = do.call(rbind, tail(seen, m@optinfo$feval)),
    bobyqa = list(theta = unname(other@theta), criterion = unbox(REMLcrit(other)))
  )
}

on <- function(data) c(list(rows = unbox(nrow(data))), lapply(models, search, data = data))
versions <- sapply(c("lme4", "nloptr", "minqa", "Matrix"), function(name) as.character(packageVersion(name)))
out <- list(
  software = lapply(c(R = paste(R.version$major, R.version$minor, sep = "."), versions), unbox),
  twin = on(prepare(read.csv(gzfile(file.path(here, "../../data/twins/ess.csv.gz")))))
)
folder <- Sys.getenv("MLM_ORIGINALS")
if (nzchar(folder)) {
  out$original <- on(prepare(as.data.frame(readRDS(file.path(folder, "02-ESS-practice.rds")))))
}
# one evaluation a line
text <- gsub("],[", "],\n[", gsub('},"', '},\n"', toJSON(out, digits = 12), fixed = TRUE), fixed = TRUE)
writeLines(text, commandArgs(trailingOnly = TRUE)[1])
