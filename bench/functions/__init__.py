"""The functions that are compared: each is what somebody would deploy to Lambda.

Every module works without the rest of this project. `bench.worker` imports it by its own name, with
this folder on the path, and calls it with the events that CloudFormation sends to a resource type.
"""
