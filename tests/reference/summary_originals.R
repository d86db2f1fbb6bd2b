# R's reports on the tutorials' models, from the original data files: reference for
# tests/replications/test_summary_originals.py.
# Run in this folder with the environment variable MLM_ORIGINALS naming the folder with the originals.
# Fits are driven to tight tolerances, so that printed digits do not hang on where the optimiser stopped.
suppressMessages({library(jsonlite); library(lme4)})
options(useFancyQuotes = FALSE, width = 80)
folder <- Sys.getenv("MLM_ORIGINALS")
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
text <- function(object) {
  out <- paste(capture.output(print(object)), collapse = "\n")
  strsplit(sub("Control: tight\n", "", out), "\n")[[1]]
}
fit <- function(formula, data, reml) {
  eval(bquote(lmer(.(as.formula(formula)), data = .(as.name(data)), REML = .(reml), control = tight)))
}

imm10 <- read.csv(file.path(folder, "imm10.csv"))
options(digits = 3, scipen = 8)
immigrants <- lapply(c("math ~ homework + (1 | schnum)", "math ~ homework + (homework | schnum)",
                       "math ~ homework + ses + meanses + (homework | schnum)"),
                     function(f) list(formula = f, text = text(summary(fit(f, "imm10", FALSE)))))
linear <- list(list(formula = "math ~ homework", text = text(summary(lm(math ~ homework, data = imm10)))),
               list(formula = "math ~ homework + factor(schnum)",
                    text = text(summary(lm(math ~ homework + factor(schnum), data = imm10)))))

options(digits = 7, scipen = 100)
heck2011 <- read.csv(file.path(folder, "heck2011.csv"), fileEncoding = "UTF-8-BOM")
m <- fit("math ~ 1 + (1 | schcode)", "heck2011", TRUE)
heck <- list(formula = "math ~ 1 + (1 | schcode)", text = text(summary(lmerTest::as_lmerModLmerTest(m))))

options(digits = 7, scipen = 0)
ess <- readRDS(file.path(folder, "02-ESS-practice.rds"))
ess <- as.data.frame(lapply(ess, function(x) if (is.numeric(x)) as.numeric(x) else as.character(x)))
within <- function(x) ave(x, ess$cntry, FUN = arm::rescale)
country <- ess[!duplicated(ess$cntry), ]
between <- function(x) arm::rescale(x)[match(ess$cntry, country$cntry)]
ess_sub <- na.omit(data.frame(
  cntry = ess$cntry, age_cwc = within(ess$agea), gend_cwc = within(ess$male), edu_cwc = within(ess$eduyrs),
  inc_cwc = within(ess$hinctnta), gini_cgm = between(country$gini_net), postcom_cgm = between(country$postcom),
  cpi_cgm = between(country$ti_cpi), trustind = rowMeans(ess[c("ppltrst", "pplfair", "pplhlp")], na.rm = TRUE)))
one <- "trustind ~ age_cwc + gend_cwc + edu_cwc + inc_cwc"
two <- paste(one, "+ gini_cgm + postcom_cgm + cpi_cgm")
formulas <- c("trustind ~ 1 + (1 | cntry)", paste(one, "+ (1 | cntry)"), paste(two, "+ (1 | cntry)"),
              paste(two, "+ (1 + edu_cwc | cntry)"), paste(two, "+ edu_cwc * cpi_cgm + (1 + edu_cwc | cntry)"))
trust <- lapply(formulas, function(f) list(formula = f, text = text(summary(fit(f, "ess_sub", TRUE)))))

out <- list(versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4")),
                            lmerTest = as.character(packageVersion("lmerTest"))),
            imm10 = immigrants, imm10_linear = linear, heck2011 = heck, ess = trust)
writeLines(toJSON(out, auto_unbox = TRUE, pretty = 1), "summary_originals.json")
