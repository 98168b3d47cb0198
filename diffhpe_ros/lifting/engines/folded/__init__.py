"""The folded engine: trained networks with fewer and larger operations."""
