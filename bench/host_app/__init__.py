"""A function app as small as can be, for the Functions host stand-in to run while it is measured."""
