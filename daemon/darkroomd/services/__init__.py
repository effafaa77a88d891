"""What runs: intake, scheduler, executor, and what answers questions about them."""
