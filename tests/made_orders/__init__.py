"""Tests of made-to-order: promises, special requests, quotes, made lines, production sheets."""
