"""TEMPORARY"""
import numpy as np
from .registry import *
from .registry import TABLE
from ..values import *
@function("I")
def I(site, x): return x
@function("+")
def add(site, a, b=None): return Numbers(numbers(site,a)+(0 if b is None else numbers(site,b)))
@function("-")
def sub(site, a, b=None): return Numbers(-numbers(site,a) if b is None else numbers(site,a)-numbers(site,b))
@function("^")
def pw(site,a,b): return Numbers(numbers(site,a)**numbers(site,b))
@function("log")
def log(site, x):
    with np.errstate(all="ignore"): return Numbers(np.log(numbers(site,x)))
@function("scale", learns=True)
def scale(site, x):
    v=numbers(site,x); m=site.keep("m", lambda: np.nanmean(v)); s=site.keep("s", lambda: np.nanstd(v,ddof=1)); return Numbers((v-m)/s)
@function("factor","as.factor","C", quoted=("contr",))
def factor(site, x, contr=None):
    if isinstance(x, Category): return x
    l,c=np.unique(x.values, return_inverse=True); return Category(c, l)
def own_functions(f): return {}
