"""Tests of typed profiles: attributes, people, completeness (B5, B6)."""
