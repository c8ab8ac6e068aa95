"""The `cfn` command, with moto in the place of STS.

`cfn test` asks STS for credentials and for the account at STS's own HTTPS address, whatever
endpoint the SDK is told. moto answers these calls inside the process; the calls to the handler go
where `--endpoint` says. Nothing of `cfn` itself is changed.
"""

from moto import mock_aws
from rpdk.core.cli import main

if __name__ == "__main__":
    with mock_aws():
        main()
