"""Takes over passwords that other recipes made: they stay as they are and become our records."""
