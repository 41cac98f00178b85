"""`python -m swagger_client` is `quantimodo-client`."""

import sys

from swagger_client.command.main import main

sys.exit(main())
