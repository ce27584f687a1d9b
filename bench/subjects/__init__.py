"""One module a subject; whatever is here with a function ``figures`` is measured. Nothing else lists them."""
