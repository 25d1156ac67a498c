"""What the API and the pages both use. Nothing here builds an answer to a request."""
