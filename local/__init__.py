"""What replaces Azure on one machine; never deployed."""
