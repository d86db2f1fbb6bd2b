"""Crossed factors whose system does not fit: conjugate gradients, traces and determinants estimated with probes."""
