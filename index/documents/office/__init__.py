"""What the loaders of Office formats share."""
