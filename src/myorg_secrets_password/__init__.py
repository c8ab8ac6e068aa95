"""The CloudFormation resource type MyOrg::Secrets::Password."""
