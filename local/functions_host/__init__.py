"""A stand-in for the Azure Functions host with the Durable extension: runs any Python v2 app, unchanged, on one
machine.
"""
