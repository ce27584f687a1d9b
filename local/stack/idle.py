"""`python -m local.stack.idle`: succeeds where no stack runs, for `make clean`. Needs nothing but Python itself."""

import os
import sys

from local.stack.record import AlreadyRunningError, locked, state_folder

if __name__ == "__main__":
    try:
        with locked(state_folder(os.environ)):
            pass
    except AlreadyRunningError as fault:
        sys.exit(f"make: {fault}; stop it first")
