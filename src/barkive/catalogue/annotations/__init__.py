"""What people say of photos: labels, the review queue, and the breeds that they add."""
