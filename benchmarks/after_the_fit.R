# Milliseconds of the processor that the jobs of after_the_fit.py take in R: lme4, lmerTest, pbkrtest and emmeans.
# Rscript after_the_fit.R FOLDER FORMULA RESPONSES: reads countries.csv of the folder, writes data of lme4 into it,
# prints JSON.
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(emmeans)})
options(warn = -1)
given <- commandArgs(TRUE)
responses <- as.integer(given[3])
for (name in c("sleepstudy", "Penicillin", "cake"))
  write.csv(get(name), file.path(given[1], paste0(name, ".csv")), row.names = FALSE)
countries <- read.csv(file.path(given[1], "countries.csv"))

# the mean of `times` runs, after a first
taken <- function(work, times) {
  if (times > 1) suppressMessages(work())
  1000 * sum(system.time(for (i in seq_len(times)) suppressMessages(work()))[1:2]) / times
}
# the same for a bootstrap: `few` responses, given for all
many <- function(work, few) taken(function() work(few), 1) * responses / few

parameters <- function(m) c(getME(m, "theta"), sigma(m), fixef(m))
plain <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
crossed <- lme4::lmer(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin)
large <- update(plain, REML = FALSE)
small <- lme4::lmer(Reaction ~ 1 + (Days | Subject), sleepstudy, REML = FALSE)
two_level <- lme4::lmer(as.formula(given[2]), countries)
cake$temperature <- as.numeric(as.character(cake$temperature))
cakes <- lmerTest::lmer(angle ~ recipe * temperature + (1 | recipe:replicate), cake)
tested <- function(formula, data, ddf) coef(summary(lmerTest::lmer(formula, data), ddf = ddf))
sleeping <- Reaction ~ Days + (Days | Subject)
plates <- diameter ~ 1 + (1 | plate) + (1 | sample)

cat(jsonlite::toJSON(list(
  "fit, sleepstudy" = taken(function() lme4::lmer(sleeping, sleepstudy), 20),
  "fit and Satterthwaite table, sleepstudy" = taken(function() tested(sleeping, sleepstudy, "Satterthwaite"), 10),
  "fit, Penicillin" = taken(function() lme4::lmer(plates, Penicillin), 20),
  "fit and Satterthwaite table, Penicillin" = taken(function() tested(plates, Penicillin, "Satterthwaite"), 10),
  "Kenward-Roger table, sleepstudy" = taken(function() tested(sleeping, sleepstudy, "Kenward-Roger"), 10),
  "Kenward-Roger table, two-level model 3" = NA,
  "profile, sleepstudy" = taken(function() as.data.frame(profile(plain)), 2),
  "profile intervals, sleepstudy" = taken(function() confint(plain, method = "profile", quiet = TRUE), 2),
  "profile intervals, Penicillin" = taken(function() confint(crossed, method = "profile", quiet = TRUE), 2),
  "bootstrap, sleepstudy" = many(function(n) bootMer(plain, parameters, nsim = n, seed = 1), 200),
  "bootstrap, two-level model 3" = many(function(n) bootMer(two_level, parameters, nsim = n, seed = 1), 5),
  "bootstrap test of Days, sleepstudy" = many(function(n) PBmodcomp(large, small, nsim = n, seed = 1, cl = NULL), 100),
  "type 3 tests, cake" = taken(function() anova(cakes, type = 3), 10),
  "means of recipe and pairs, cake" = taken(function()
    as.data.frame(pairs(emmeans(cakes, "recipe", lmer.df = "satterthwaite"))), 5),
  "influence of subjects, sleepstudy" = taken(function() cooks.distance(influence(plain, "Subject")), 2),
  "predictions, sleepstudy" = taken(function() predict(plain, sleepstudy), 20)
), auto_unbox = TRUE, digits = 6, na = "null"))
