"""Measurements of the handlers against the AWS calls that they make, side by side in one run."""
