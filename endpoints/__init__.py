"""HTTP functions, one module per resource. No two templates may match one URL: the host tries them by function name."""
