"""What is learned from the record, and how it is served."""
