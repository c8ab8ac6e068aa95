"""Backups: a table's records as ciphertext in JSON Lines, out of the table and back into it."""
