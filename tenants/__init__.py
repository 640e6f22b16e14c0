"""The record: everything a merchant owns, with its rules and its SQL."""
