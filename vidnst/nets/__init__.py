"""The networks, their weights, and what runs and trains them."""
