"""The engine folded: trained networks as fewer and larger operations."""
