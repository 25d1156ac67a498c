"""What stands before every request. Pure ASGI middleware, put in order by `app`."""
