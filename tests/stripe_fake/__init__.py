"""Tests of the stand-in for Stripe, driven by the `stripe` package itself."""
