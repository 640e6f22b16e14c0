"""Imports: files as merchants have them, through the API and the worker's job, to what is in the record."""
