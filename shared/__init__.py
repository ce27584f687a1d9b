"""What endpoints, orchestrators and activities stand on."""
