"""The database: how it is opened, its tables, their migrations, and the models in it."""
