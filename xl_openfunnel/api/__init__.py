"""What the service says: one request in, one typed answer or one error out."""
