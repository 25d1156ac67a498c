"""What models say of photos: the models, their packed predictions, and what breeds are called."""
