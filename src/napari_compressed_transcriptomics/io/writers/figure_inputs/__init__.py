"""What figures are made of, by name, from folders and files."""
