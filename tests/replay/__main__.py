"""`make golden-histories`: write what a host holds of each course under the present code."""

from tests.replay import golden

golden.write()
