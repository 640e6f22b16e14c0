"""Tests of limited collections."""
