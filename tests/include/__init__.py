"""Tests of what stands in a page without asking: slots as markup, a shop's style sheet, versions that stay."""
