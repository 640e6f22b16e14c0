"""Tests of placements: what a slot's answer says, and how a draft becomes what every process serves."""
