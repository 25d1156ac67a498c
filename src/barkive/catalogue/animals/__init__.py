"""Animals: one record each, what many photos say of it together, and which photos are its own."""
