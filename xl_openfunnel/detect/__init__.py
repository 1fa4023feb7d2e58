"""What is on this machine: Excel, Python, the registry's policies. Looks, and changes nothing."""
