"""What the operating system gives a service: places, clocks, locks, signals."""
