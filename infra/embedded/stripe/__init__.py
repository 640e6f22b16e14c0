"""A stand-in for Stripe: what an embedded Lastbook takes payments with where no Stripe key is set.

It speaks Stripe's API as far as Lastbook uses it, to the `stripe` package and to shoppers' browsers, moves no money,
and knows Stripe's test cards only. `world` is its state, `app` its routes, `control` what tests may do to it.
"""
