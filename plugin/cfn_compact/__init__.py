"""Packages a Python resource type of the CloudFormation CLI small, compiled and reproducibly."""
