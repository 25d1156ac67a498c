"""What people say teaches a model: which one is in use, and photos judged again by it."""
