"""Tests of size charts, advice and what is learned of it."""
