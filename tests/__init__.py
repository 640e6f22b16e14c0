"""Tests: mirrors of the five packages, and journeys through all of them."""
