"""Which photos are meant, how many there are, and what is shown of them."""
