"""Checks and commands of development that make calls; nothing here ships."""
