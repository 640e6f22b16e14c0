"""Preorder campaigns."""
