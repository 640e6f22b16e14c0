"""Imports: a merchant's files become the same documents as the API's, stored by the same functions.

files      bytes of a file, unpacked under a cap         texts      lines of text in a detected encoding
delimited, ndjson, parquet, google_xml                   readers: records with their line
formats    which reader a file needs                     columns    which column is which field
money, dates, cells                                      what a cell says
catalogue, purchases, people, acts                       documents from records
shortcuts  the ordinary rows of a product table, read by columns
plans      what was found out about a file, kept so that a resumed import reads it alike
runs, rejects, seen, feeds                               rows in the database
batches    rows checked and made ready to be stored, while those before are stored
stores     one batch stored and counted in one transaction
job        the whole import, from the artifact to the report
"""
