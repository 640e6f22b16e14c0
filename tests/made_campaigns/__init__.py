"""Tests of campaigns for what is made to measure: joined with a quote, frozen, and made from."""
