"""What all else is built of: expression, where it lies, progress, memory and devices."""
