"""The record's rules, read from the database itself."""
