"""Tests of identity: identifiers, merges, visitors (B4)."""
