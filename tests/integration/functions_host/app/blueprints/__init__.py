"""The app's orchestrations, activities and timers."""
