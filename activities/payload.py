"""What activities take and return: a plain dict for the worker, since generics in hints break loading on some versions
of it, and a dict of anything for the type checker.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Payload = dict[str, Any]
else:
    Payload = dict
