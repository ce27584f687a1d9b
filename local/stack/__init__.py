"""The whole lab on one machine: starts Azurite, the emulator and the Functions host, and keeps them running.

It knows how to start each part and when it is ready; what the parts do is theirs.
"""
