"""What a shopper may ask of a merchant, and what we then no longer hold."""
