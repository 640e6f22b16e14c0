"""Tests of the record book: measurement profiles, precedence, wishes, the page of a shopper (C1, C2, B6, B7)."""
