"""Sources: each scores every product for a shopper; the best of each become candidates, the scores become features."""
