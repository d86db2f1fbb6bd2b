# Seconds of the processor that a simulated response and its refit take: bootMer of lme4, PBmodcomp of pbkrtest.
# Rscript many_refits.R FOLDER FORMULA: reads countries.csv of the folder, writes sleep.csv into it, prints JSON.
suppressMessages({library(lme4); library(pbkrtest)})
options(warn = -1)
given <- commandArgs(TRUE)
write.csv(sleepstudy, file.path(given[1], "sleep.csv"), row.names = FALSE)
countries <- read.csv(file.path(given[1], "countries.csv"))

parameters <- function(m) c(getME(m, "theta"), sigma(m), fixef(m))
taken <- function(work, n) sum(system.time(suppressMessages(work(n)))[1:2]) / n

sleep <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
large <- update(sleep, REML = FALSE)
small <- lmer(Reaction ~ 1 + (Days | Subject), sleepstudy, REML = FALSE)
two_level <- lmer(as.formula(given[2]), countries)

cat(sprintf(
  '{"sleepstudy": %.6f, "two-level, model 3": %.6f, "sleepstudy, test of Days": %.6f}\n',
  taken(function(n) bootMer(sleep, parameters, nsim = n, seed = 1), 200),
  taken(function(n) bootMer(two_level, parameters, nsim = n, seed = 1), 5),
  taken(function(n) PBmodcomp(large, small, nsim = n, seed = 1, cl = NULL), 100)
))
